/** A look that can be added to any prompt. */
export interface Style {
  /** Stable: it stands in stored jobs. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** What is added to the prompt; the first words are what the small model was taught. */
  readonly prompt: string;
}

/** The closed list of styles. */
export const styles = [
  {
    id: 'poster',
    title: 'Poster',
    description: 'Flat shapes and clear colours, like a travel poster',
    prompt: 'in poster style',
  },
  {
    id: 'watercolour',
    title: 'Watercolour',
    description: 'Soft washes that run into each other on paper',
    prompt: 'in watercolour style',
  },
  {
    id: 'woodcut',
    title: 'Woodcut',
    description: 'Bold carved lines in ink on paper',
    prompt: 'in woodcut style',
  },
  {
    id: 'pixel_art',
    title: 'Pixel art',
    description: 'Big square pixels and few colours, like an early video game',
    prompt: 'in pixel art style',
  },
  {
    id: 'neon',
    title: 'Neon',
    description: 'Glowing tubes of light on a dark ground',
    prompt: 'in neon style',
  },
] as const satisfies readonly Style[];

/** The id of a style in the closed list. */
export type StyleId = (typeof styles)[number]['id'];

/** The prompt as the engine gets it: with the style's words, where there is a style. */
export function applyStyle(prompt: string, styleId: string | null): string {
  const style: Style | undefined = styles.find(({ id }) => id === styleId);
  if (style === undefined) return prompt;
  return `${prompt.replace(/[\s,.;]+$/u, '')}, ${style.prompt}`;
}
