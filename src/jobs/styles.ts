/** A look that can be added to any prompt. */
export interface Style {
  /** Stable: it stands in stored jobs. */
  readonly id: string;
  /** What is added to the prompt; the first words are what the small model was taught. */
  readonly prompt: string;
}

/** The closed list of styles. */
export const styles = [
  {
    id: 'poster',
    prompt: 'in poster style',
  },
  {
    id: 'watercolour',
    prompt: 'in watercolour style',
  },
  {
    id: 'woodcut',
    prompt: 'in woodcut style',
  },
  {
    id: 'pixel_art',
    prompt: 'in pixel art style',
  },
  {
    id: 'neon',
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
