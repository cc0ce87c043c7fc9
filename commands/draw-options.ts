import { engineLimits, type PictureSize, type SchedulerName } from '../src/engines/image-engine.ts';
import { type StyleId, styles } from '../src/jobs/styles.ts';
import type { Choice, CommandWorld } from './define-command.ts';

/** Leaves room for a style's words inside the engine's own limit. */
const maxPromptLength = engineLimits.maxPromptCharacters - 100;

const schedulerLabels = {
  ddim: 'DDIM',
  dpmpp_2m: 'DPM++ 2M',
  unipc: 'UniPC',
  euler: 'Euler',
  euler_ancestral: 'Euler ancestral',
} as const satisfies Record<SchedulerName, string>;

/** How people call a scheduler. */
export function schedulerTitle(name: SchedulerName): string {
  return schedulerLabels[name];
}

/** A size as people type it: `512x512`. */
export function sizeText({ width, height }: PictureSize): string {
  return `${width}x${height}`;
}

function schedulerChoices(): readonly Choice<SchedulerName>[] {
  // `Object.keys` forgets the keys' type, which `satisfies` above has pinned.
  return (Object.keys(schedulerLabels) as SchedulerName[]).map((value) => ({ value, label: schedulerLabels[value] }));
}

function styleChoices(): readonly Choice<StyleId | 'none'>[] {
  return [{ value: 'none', label: 'No style' }, ...styles.map(({ id, title }) => ({ value: id, label: title }))];
}

function modelChoices({ engine }: CommandWorld): readonly Choice[] {
  return engine.models.map(({ id, title }) => ({ value: id, label: title }));
}

function sizeChoices({ engine }: CommandWorld): readonly Choice[] {
  const sizes = new Set(engine.models.flatMap((model) => model.sizes.map(sizeText)));
  return [...sizes].map((value) => ({ value, label: value }));
}

/** The options that say how to draw, shared by `imagine`, `edit` and `settings`. */
export const drawOptions = {
  prompt: {
    name: 'prompt',
    type: 'text',
    description: 'What to draw',
    maxLength: maxPromptLength,
    multiline: true,
  },
  negative: {
    name: 'negative',
    type: 'text',
    description: 'What to keep out of the pictures',
    maxLength: maxPromptLength,
    multiline: true,
  },
  count: {
    name: 'count',
    type: 'integer',
    description: 'How many pictures',
    min: 1,
    max: engineLimits.maxPictures,
  },
  steps: {
    name: 'steps',
    type: 'integer',
    description: 'How many drawing steps: more is finer and slower',
    min: 1,
    max: engineLimits.maxSteps,
  },
  guidance: {
    name: 'guidance',
    type: 'number',
    description: 'How strictly to follow the prompt',
    min: 0,
    max: engineLimits.maxGuidanceScale,
  },
  seed: {
    name: 'seed',
    type: 'integer',
    description: 'The same seed and settings give the same pictures',
    min: 0,
    max: engineLimits.maxSeed,
  },
  scheduler: {
    name: 'scheduler',
    type: 'choice',
    description: 'How noise becomes a picture',
    choices: schedulerChoices,
  },
  size: { name: 'size', type: 'choice', description: 'Width x height in pixels', choices: sizeChoices },
  model: { name: 'model', type: 'choice', description: 'Which model draws', choices: modelChoices },
  style: { name: 'style', type: 'choice', description: 'A look to add to the prompt', choices: styleChoices },
  image: { name: 'image', type: 'picture', description: 'A picture to start from' },
  strength: {
    name: 'strength',
    type: 'number',
    description: 'How far to go away from that picture: 0.1 a little, 1 all the way',
    min: 0.01,
    max: 1,
  },
} as const;
