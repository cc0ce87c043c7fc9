import type { DrawRequest } from '../../jobs/job.ts';
import type { StyleId } from '../../jobs/styles.ts';

/**
 * What a command is called and what it does. The name is the one in the command's declaration, where the language is
 * English; at most 32 lower-case letters and dashes. A description has at most 100 characters.
 */
export const command = {
  imagine: {
    name: 'imagine',
    description: 'Draw what you describe',
    examples: [
      'imagine a red lighthouse at dusk',
      'imagine two white boats on a lake style:watercolour seed:7',
      'imagine "a castle: the last one" --steps 30 --count 1',
    ],
  },
  queue: { name: 'queue', description: 'See the queue and your own place in it', examples: [] },
  cancel: {
    name: 'cancel',
    description: 'Cancel a drawing of yours that waits or is being drawn',
    examples: ['cancel'],
  },
  history: {
    name: 'history',
    description: 'See your own pictures again',
    examples: ['history', 'history page:2'],
  },
  models: { name: 'models', description: 'See the models that can draw, and what each can do', examples: [] },
  styles: { name: 'styles', description: 'See the styles that you can add to a prompt', examples: [] },
  settings: {
    name: 'settings',
    description: 'See or change your own defaults for /imagine',
    examples: ['settings', 'settings steps:30 style:watercolour', 'settings reset:all'],
  },
  forgetMe: {
    name: 'forget-me',
    description: 'Delete everything I know about you, pictures included',
    examples: ['forget-me confirm:true'],
  },
  help: { name: 'help', description: 'See what I can do', examples: ['help', 'help imagine'] },
  vary: { name: 'vary', description: 'Draw variations of one picture', examples: [] },
  enlarge: { name: 'enlarge', description: 'Draw one picture again, larger', examples: [] },
  again: { name: 'again', description: 'Draw the same once more, with a new seed', examples: [] },
  edit: {
    name: 'edit',
    description: 'Change the prompt or settings of a result and draw it again',
    examples: [],
  },
  details: { name: 'details', description: 'See all settings and seeds of a result', examples: [] },
  delete: { name: 'delete', description: 'Delete a result and its pictures', examples: [] },
};

/**
 * What an option is called where people type it, how a form and a list of settings call it (`title`, at most 45
 * characters), and what it does.
 */
export const option = {
  prompt: { name: 'prompt', title: 'Prompt', description: 'What to draw' },
  negative: { name: 'negative', title: 'Negative prompt', description: 'What to keep out of the pictures' },
  count: { name: 'count', title: 'Pictures', description: 'How many pictures' },
  steps: { name: 'steps', title: 'Steps', description: 'How many drawing steps: more is finer and slower' },
  guidance: { name: 'guidance', title: 'Guidance', description: 'How strictly to follow the prompt' },
  seed: { name: 'seed', title: 'Seed', description: 'The same seed and settings give the same pictures' },
  scheduler: { name: 'scheduler', title: 'Scheduler', description: 'How noise becomes a picture' },
  size: { name: 'size', title: 'Size', description: 'Width x height in pixels' },
  model: { name: 'model', title: 'Model', description: 'Which model draws' },
  style: { name: 'style', title: 'Style', description: 'A look to add to the prompt' },
  image: { name: 'image', title: 'Picture', description: 'A picture to start from' },
  strength: {
    name: 'strength',
    title: 'Strength',
    description: 'How far to go away from that picture: 0.1 a little, 1 all the way',
  },
  mask: {
    name: 'mask',
    title: 'Mask',
    description: 'Which part of the picture to draw anew: white is drawn, black stays as it is',
  },
  control: {
    name: 'control',
    title: 'Control picture',
    description: 'A picture whose shapes to follow: outlines (canny), depth, or a scribble',
  },
  controlKind: {
    name: 'control_kind',
    title: 'Kind of control picture',
    description: 'What the control picture shows',
  },
  controlStrength: {
    name: 'control_strength',
    title: 'Control strength',
    description: 'How closely to follow the control picture: 0 not at all, 1 as usual',
  },
  loraStrength: {
    name: 'lora_strength',
    title: 'LoRA strength',
    description: 'How much of the model’s own look (its LoRA): 0 none, 1 all of it',
  },
  speed: { name: 'speed', title: 'Speed', description: 'How much exactness to give up for time' },
  job: { name: 'job', title: 'Result', description: 'The id of a result' },
  ownJob: { name: 'job', title: 'Result', description: 'Which one; your newest if you leave it out' },
  picture: { name: 'picture', title: 'Picture', description: 'Which of its pictures, from 1' },
  ownPicture: {
    name: 'picture',
    title: 'Start from picture',
    description: 'Which of its pictures to start from, from 1',
  },
  page: { name: 'page', title: 'Page', description: 'Further back, from 1' },
  reset: { name: 'reset', title: 'Take back', description: 'Take one default back, or all of them' },
  confirm: { name: 'confirm', title: 'Confirm', description: 'Yes, delete all of it for good' },
  command: { name: 'command', title: 'Command', description: 'More about this command' },
};

/** Labels of choices that are words. */
export const choice = {
  noStyle: 'No style',
  allSettings: 'all',
};

/** What a control picture shows. */
export const control = {
  canny: 'Outlines (canny)',
  depth: 'Depth',
  scribble: 'Scribble',
} satisfies Record<NonNullable<DrawRequest['control']>['kind'], string>;

/** How much exactness is given up for time. */
export const speed = {
  exact: 'Exact',
  cached: 'Cached: reuses deep features',
  cutoff: 'Cutoff: no guidance at the end',
  fp8: 'FP8: coarser numbers',
  fast: 'Fast: everything that saves time',
} satisfies Record<DrawRequest['speed'], string>;

/** The looks that can be added to a prompt. */
export const style = {
  poster: { title: 'Poster', description: 'Flat shapes and clear colours, like a travel poster' },
  watercolour: { title: 'Watercolour', description: 'Soft washes that run into each other on paper' },
  woodcut: { title: 'Woodcut', description: 'Bold carved lines in ink on paper' },
  pixel_art: { title: 'Pixel art', description: 'Big square pixels and few colours, like an early video game' },
  neon: { title: 'Neon', description: 'Glowing tubes of light on a dark ground' },
} satisfies Record<StyleId, { title: string; description: string }>;

/** What people type for yes and no; `true` and `false` are known everywhere. */
export const answer: { readonly yes: readonly string[]; readonly no: readonly string[] } = {
  yes: ['yes', 'on'],
  no: ['no', 'off'],
};
