import { truncate } from '../truncate.ts';
import { code } from '../wording.ts';
import { allOf, jobs, list, number, pictures, seconds, steps, timeLeft } from './wording.ts';

/** Sentences beside a job or its pictures. */
export const note = {
  unknownWords: (words: readonly string[], canDraw: string) =>
    `This small model has never seen ${allOf(words.slice(0, 8))}. It can draw: ${canDraw}.`,
  nothingKnown: (canDraw: string) =>
    `This small model knows none of these words, so expect a surprise. It can draw: ${canDraw}.`,
  resized: 'This model cannot draw that large, so the picture was resized, not redrawn.',
  freshSeed: 'This model cannot start from a picture, so these are fresh drawings of the same prompt.',
  withheld: (withheld: number, count: number) => {
    const advice = 'Other words may help.';
    if (count === 1) return `The picture is withheld: the model’s own safety checker takes it for unsafe. ${advice}`;
    if (withheld === count) {
      return `All ${count} pictures are withheld: the model’s own safety checker takes them for unsafe. ${advice}`;
    }
    const which = withheld === 1 ? `1 of the ${count} pictures is` : `${withheld} of the ${count} pictures are`;
    return `${which} withheld: the model’s own safety checker takes ${withheld === 1 ? 'it' : 'them'} for unsafe.`;
  },
  leftOut: (model: string, names: readonly string[]) =>
    `${code(model)} cannot do everything that this result was drawn with. Left out: ${list(names)}.`,
  settingIgnored: (name: string, value: string) =>
    `Your default ${code(name)} ${code(value)} is not on offer here, so the model's own was taken.`,
};

export const button = {
  vary: (picture: number) => `Vary ${picture}`,
  enlarge: (picture: number) => `Enlarge ${picture}`,
  again: 'Again',
  tryAgain: 'Try again',
  edit: 'Edit',
  details: 'Details',
  delete: 'Delete',
  cancel: 'Cancel',
};

/** Around the fields of a form; its title is the label of the button that opened it. At most 24 characters each. */
export const form = {
  draw: 'Draw',
  leave: 'Never mind',
  close: 'Close',
  noChoice: '(none)',
};

export const action = {
  imagine: 'a drawing',
  vary: 'a variation',
  again: 'another drawing',
  edit: 'a changed drawing',
  enlarge: 'an enlargement',
};

export const state = {
  queued: 'waiting',
  drawing: 'being drawn',
  drawn: 'done',
  delivered: 'done',
  cancelled: 'cancelled',
  failed: 'failed',
};

/** Where an unfinished job stands, in pieces that stand side by side. */
export const progress = {
  place: (place: number, waiting: number) => `number ${number(place)} of ${number(waiting)} in line`,
  step: (step: number, of: number) => `step ${number(step)} of ${number(of)}`,
  timeLeft,
};

/** The settings of a result, in pieces that stand side by side. */
export const setting = {
  steps,
  guidance: (value: number) => `guidance ${number(value)}`,
  strength: (value: number) => `strength ${number(value)}`,
  seed: (value: number) => `seed ${value}`,
  style: (title: string) => `style ${title}`,
  model: (id: string) => `model ${id}`,
  time: (ms: number) => seconds(ms / 1_000, 1),
  resized: 'resized, not redrawn',
  painted: 'painted within',
  control: (kind: string, scale: number) => `control: ${kind}, ${number(scale)}`,
  lora: (scale: number) => `LoRA ${number(scale)}`,
  speed: (name: string) => `speed ${name}`,
};

/** What a screen reader says of one of `count` pictures. */
export const alternative = (prompt: string, picture: number, count: number) =>
  count === 1 ? prompt : `${prompt} (picture ${picture} of ${count})`;

/** What only a shell shows. */
export const terminal = {
  folder: (name: string) => `Folder for 0.png to 3.png (default: ${name})`,
  help: 'This text',
  usage: [
    'Draws without a server or a database and writes 0.png, 1.png, … into DIR.',
    'The same seed and settings give the same bytes.',
  ].join('\n'),
  cancelled: 'Cancelled; nothing was written.',
  noFolder: 'Expected a folder after `--out`, got nothing.',
  notAFile: (option: string, path: string) => `Expected ${code(`--${option}`)} to name a picture file, got ${path}.`,
};

export const queue = {
  summary: (drawing: number, waiting: number, isPaused: boolean) => {
    if (drawing + waiting > 0) return `${jobs(drawing)} being drawn, ${number(waiting)} waiting.`;
    return isPaused ? 'Nobody is waiting.' : 'Nobody is waiting: your next drawing starts at once.';
  },
  place: (place: number, waiting: number, secondsLeft: number | null) => {
    const where = place === 0 ? 'being drawn' : `number ${number(place)} of ${number(Math.max(place, waiting))}`;
    return secondsLeft === null ? where : `${where}, ${timeLeft(secondsLeft)}`;
  },
  own: (id: string, prompt: string, place: string) => `- ${code(prompt)}: ${place} (${code(id)})`,
  nothingOwn: 'None of them is yours.',
};

export const cancel = {
  done: (prompt: string) => `Cancelled ${code(prompt)}.`,
  nothing: 'You have nothing waiting or being drawn.',
  tooLate: (stateWord: string) => `That one is already ${stateWord}.`,
  notYours: 'You can only cancel your own drawings.',
};

export const deletion = {
  done: 'Deleted, pictures included.',
  notYours: 'Only the person who asked for these pictures can delete them.',
};

export const history = {
  title: (page: number) => (page === 1 ? 'Your latest pictures.' : `Your pictures, page ${page}.`),
  more: (page: number) => `More: ${code(`/history page:${page}`)}`,
  empty: 'You have no pictures yet. Try `/imagine a red lighthouse at dusk`.',
  endReached: (page: number) => `There is no page ${page}: you have seen everything.`,
};

export const forget = {
  confirm: 'This deletes all your pictures, drawings and settings for good. Confirm with `/forget-me confirm:true`.',
  done: (jobCount: number, pictureCount: number) =>
    `Forgotten: ${jobs(jobCount)}, ${pictures(pictureCount)} and your settings.`,
};

export const models = {
  intro: 'What I can draw with:',
  entry: (title: string, id: string, description: string, isDefault: boolean) =>
    `**${title}** (${code(id)}${isDefault ? ', the default' : ''}): ${description}`,
  facts: (sizes: readonly string[], stepCount: number, guidance: number, scheduler: string) =>
    `Sizes ${list(sizes)}; by default ${steps(stepCount)}, guidance ${number(guidance)}, ${scheduler}.`,
  takes: (options: readonly string[]) => `Starts from pictures: ${list(options)}.`,
  follows: (option: string, kinds: readonly string[]) => `Follows ${code(option)} pictures: ${kinds.join(', ')}.`,
  lora: (option: string, scale: number) => `Has a LoRA; ${code(option)} is ${number(scale)} by itself.`,
  speeds: (option: string, speeds: readonly { readonly name: string; readonly title: string }[]) =>
    `Takes ${code(option)}: ${list(speeds.map(({ name }) => name))}.`,
  safetyChecker: 'Looks at its own pictures; unsafe ones are withheld.',
  canDraw: 'It can draw:',
  things: (words: string) => `- ${words}`,
};

export const styles = {
  intro: 'Add one with `style:`, for example `/imagine a boat at dusk style:watercolour`.',
  entry: (title: string, id: string, description: string) => `**${title}** (${code(id)}): ${description}`,
};

export const settings = {
  intro: 'Your defaults for `/imagine`:',
  saved: 'Saved. Your defaults for `/imagine` are now:',
  entry: (label: string, value: string) => `- ${label}: ${code(value)}`,
  byDefault: (label: string, value: string) => `- ${label}: ${code(value)} (the default)`,
  none: 'none',
  howTo: 'Change one with `/settings steps:30`, take one back with `/settings reset:steps`, all with `reset:all`.',
};

export const details = {
  title: (stateWord: string) => `**Details** (${stateWord})`,
  label: {
    seeds: 'Seeds',
    startsFrom: 'Starts from a picture, strength',
    control: 'Control picture',
    from: 'Made from',
    timings: 'Time',
    id: 'Id',
  },
  entry: (label: string, value: string) => `- ${label}: ${code(value)}`,
  long: (label: string, value: string) => `- ${label}: \`${truncate(value.replaceAll('`', "'"), 400)}\``,
  derived: (actionWord: string, id: string, picture: number | null) =>
    `${actionWord} of ${picture === null ? '' : `picture ${picture} of `}${id}`,
  timings: (total: number, text: number, loop: number, decoder: number) =>
    `${seconds(total / 1_000, 1)} (text ${number(Math.round(text))} ms, drawing ${number(Math.round(loop))} ms, decoding ${number(Math.round(decoder))} ms)`,
  painted: 'only a part is drawn anew',
  failed: (sentence: string) => `- Why: ${sentence}`,
  again: 'Draw it exactly again:',
  anew: 'Draw this prompt with the same settings, without the pictures that went along with it:',
  line: (line: string) => `\`${line.replaceAll('`', "'")}\``,
};

export const help = {
  intro: 'Say what you would like to see, and I draw it. For example:',
  commands: '**Commands**',
  buttons: '**Under each result**',
  more: (command: string) => `More about one: ${code(`/help command:${command}`)}`,
  usage: (usage: string) => `\`${usage}\``,
  options: '**Options** (`name:value` anywhere in the text, or `--name value`)',
  examples: '**Examples**',
  entry: (name: string, description: string) => `- ${code(name)}: ${description}`,
  option: (name: string, description: string, facts: string | null) =>
    `- ${code(name)}: ${description}${facts === null ? '' : ` (${facts})`}`,
  range: (min: number, max: number) => `${min}-${max}`,
  oneOf: (values: readonly string[]) => list(values),
  required: 'needed',
};
