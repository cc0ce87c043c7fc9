import {
  type ControlKind,
  controlKinds,
  engineLimits,
  type ModelDescription,
  type PictureSize,
  type SchedulerName,
  type SpeedName,
  speedNames,
} from '../src/engines/image-engine.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import { type StyleId, styles } from '../src/jobs/styles.ts';
import type { Messages } from '../src/messages/messages.ts';
import type { Choice, CommandWorld } from './define-command.ts';

/** Leaves room for a style's words inside the engine's own limit. */
const maxPromptLength = engineLimits.maxPromptCharacters - 100;

/** How people call the schedulers, in every language. */
export const schedulerTitles = {
  ddim: 'DDIM',
  dpmpp_2m: 'DPM++ 2M',
  unipc: 'UniPC',
  euler: 'Euler',
  euler_ancestral: 'Euler ancestral',
} as const satisfies Record<SchedulerName, string>;

/** How people call a scheduler. */
export function schedulerTitle(name: SchedulerName): string {
  return schedulerTitles[name];
}

/** How people call a style; its id where it is no longer in the list. */
export function styleTitle(id: string, { style }: Messages): string {
  const titles: Readonly<Record<string, { readonly title: string }>> = style;
  return Object.hasOwn(titles, id) ? (titles[id]?.title ?? id) : id;
}

/** What a picture was drawn along, and how closely. */
export function controlText({ kind, scale }: NonNullable<DrawRequest['control']>, { control }: Messages): string {
  return `${control[kind]}, ${scale}`;
}

/** A size as people type it: `512x512`. */
export function sizeText({ width, height }: PictureSize): string {
  return `${width}x${height}`;
}

function schedulerChoices(): readonly Choice<SchedulerName>[] {
  // `Object.keys` forgets the keys' type, which `satisfies` above has pinned.
  return (Object.keys(schedulerTitles) as SchedulerName[]).map((value) => ({
    value,
    label: () => schedulerTitles[value],
  }));
}

function styleChoices(): readonly Choice<StyleId | 'none'>[] {
  return [
    { value: 'none', label: ({ choice }) => choice.noStyle },
    ...styles.map(({ id }) => ({ value: id, label: ({ style }: Messages) => style[id].title })),
  ];
}

function modelChoices({ engine }: CommandWorld): readonly Choice[] {
  return engine.models.map(({ id, title }) => ({ value: id, label: () => title }));
}

function sizeChoices({ engine }: CommandWorld): readonly Choice[] {
  const sizes = new Set(engine.models.flatMap((model) => model.sizes.map(sizeText)));
  return [...sizes].map((value) => ({ value, label: () => value }));
}

/** Whether there is a model that can do it. */
const someModel =
  (can: (model: ModelDescription) => boolean) =>
  ({ engine }: CommandWorld): boolean =>
    engine.models.some(can);

const canControl = someModel(({ controls }) => controls.length > 0);

function controlChoices({ engine }: CommandWorld): readonly Choice<ControlKind>[] {
  const kinds = controlKinds.filter((kind) => engine.models.some(({ controls }) => controls.includes(kind)));
  return kinds.map((value) => ({ value, label: ({ control }: Messages) => control[value] }));
}

function speedChoices({ engine }: CommandWorld): readonly Choice<SpeedName>[] {
  const speeds = speedNames.filter((name) => engine.models.some((model) => model.speeds.includes(name)));
  return speeds.map((value) => ({ value, label: ({ speed }: Messages) => speed[value] }));
}

/** The options that say how to draw, shared by `imagine`, `edit` and `settings`. */
export const drawOptions = {
  prompt: {
    name: 'prompt',
    type: 'text',
    text: ({ option }: Messages) => option.prompt,
    maxLength: maxPromptLength,
    multiline: true,
  },
  negative: {
    name: 'negative',
    type: 'text',
    text: ({ option }: Messages) => option.negative,
    maxLength: maxPromptLength,
    multiline: true,
  },
  count: {
    name: 'count',
    type: 'integer',
    text: ({ option }: Messages) => option.count,
    min: 1,
    max: engineLimits.maxPictures,
  },
  steps: {
    name: 'steps',
    type: 'integer',
    text: ({ option }: Messages) => option.steps,
    min: 1,
    max: engineLimits.maxSteps,
  },
  guidance: {
    name: 'guidance',
    type: 'number',
    text: ({ option }: Messages) => option.guidance,
    min: 0,
    max: engineLimits.maxGuidanceScale,
  },
  seed: {
    name: 'seed',
    type: 'integer',
    text: ({ option }: Messages) => option.seed,
    min: 0,
    max: engineLimits.maxSeed,
  },
  scheduler: {
    name: 'scheduler',
    type: 'choice',
    text: ({ option }: Messages) => option.scheduler,
    choices: schedulerChoices,
  },
  size: { name: 'size', type: 'choice', text: ({ option }: Messages) => option.size, choices: sizeChoices },
  model: { name: 'model', type: 'choice', text: ({ option }: Messages) => option.model, choices: modelChoices },
  style: { name: 'style', type: 'choice', text: ({ option }: Messages) => option.style, choices: styleChoices },
  image: { name: 'image', type: 'picture', text: ({ option }: Messages) => option.image },
  strength: {
    name: 'strength',
    type: 'number',
    text: ({ option }: Messages) => option.strength,
    min: 0.01,
    max: 1,
  },
  mask: {
    name: 'mask',
    type: 'picture',
    text: ({ option }: Messages) => option.mask,
    offered: someModel(({ canPaintWithin }) => canPaintWithin),
  },
  control: {
    name: 'control',
    type: 'picture',
    text: ({ option }: Messages) => option.control,
    offered: canControl,
  },
  controlKind: {
    name: 'control_kind',
    type: 'choice',
    text: ({ option }: Messages) => option.controlKind,
    choices: controlChoices,
    offered: canControl,
  },
  controlStrength: {
    name: 'control_strength',
    type: 'number',
    text: ({ option }: Messages) => option.controlStrength,
    min: 0,
    max: engineLimits.maxControlScale,
    offered: canControl,
  },
  loraStrength: {
    name: 'lora_strength',
    type: 'number',
    text: ({ option }: Messages) => option.loraStrength,
    min: 0,
    max: engineLimits.maxLoraScale,
    offered: someModel(({ loraScale }) => loraScale !== null),
  },
  speed: {
    name: 'speed',
    type: 'choice',
    text: ({ option }: Messages) => option.speed,
    choices: speedChoices,
    offered: someModel(({ speeds }) => speeds.length > 1),
  },
} as const;

/** What most drawings are without, in the order in which it is offered. */
export const finerOptions = [
  drawOptions.mask,
  drawOptions.control,
  drawOptions.controlKind,
  drawOptions.controlStrength,
  drawOptions.loraStrength,
  drawOptions.speed,
] as const;
