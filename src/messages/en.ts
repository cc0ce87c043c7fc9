import { truncate } from './truncate.ts';

const list = (words: readonly string[]) => words.map(code).join(', ');
const lines = (...parts: readonly (string | null)[]) => parts.filter((part) => part !== null).join('\n');
const pictures = (count: number) => (count === 1 ? '1 picture' : `${count} pictures`);
const jobs = (count: number) => (count === 1 ? '1 job' : `${count} jobs`);

/** Shown as code on one line, so that no platform reads markup or mentions in what a person typed. */
function code(text: string): string {
  const line = text.replaceAll('`', "'").replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return `\`${truncate(line, 60)}\``;
}

function duration(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

function timeLeft(seconds: number | null): string {
  if (seconds === null) return '';
  return seconds < 1 ? `, ${duration(seconds)} left` : `, about ${duration(seconds)} left`;
}

/** What the bot says, in English. Every other locale has the same keys, which the compiler checks. */
export const english = {
  code,
  duration,

  /** What is wrong with a request: what was expected, then what came. */
  problem: {
    unknownCommand: (name: string, nearest: string | null) =>
      `There is no command ${code(name)}; ${nearest === null ? '`/help` lists them all.' : `did you mean ${code(nearest)}?`}`,
    unknownOption: (command: string, name: string, nearest: string | null, known: readonly string[]) => {
      const lead = `${code(command)} has no option ${code(name)}`;
      if (nearest !== null) return `${lead}; did you mean ${code(nearest)}?`;
      return known.length === 0 ? `${lead}; it takes none.` : `${lead}; it takes ${list(known)}.`;
    },
    missing: (name: string) => `Expected ${code(name)}, got nothing.`,
    missingValue: (name: string) => `Expected a value after ${code(name)}, got nothing.`,
    givenTwice: (name: string) => `Expected ${code(name)} once, got it twice.`,
    tooManyWords: (command: string, word: string) => `${code(command)} does not know what to do with ${code(word)}.`,
    nothingToDraw: (name: string) => `Expected ${code(name)} to say what to draw, got an empty text.`,
    wrongType: (name: string, expected: 'text' | 'integer' | 'number' | 'boolean' | 'picture' | 'job', got: string) => {
      const words = {
        text: 'a text',
        integer: 'a whole number',
        number: 'a number',
        boolean: '`true` or `false`',
        picture: 'an attached picture',
        job: 'the id of a result',
      };
      return `Expected ${code(name)} to be ${words[expected]}, got ${got}.`;
    },
    outOfRange: (name: string, min: number, max: number, got: string) =>
      `Expected ${code(name)} to be ${min}-${max}, got ${got}.`,
    aboveZero: (name: string, max: number, got: string) =>
      `Expected ${code(name)} to be above 0 and at most ${max}, got ${got}.`,
    notInList: (name: string, values: readonly string[], got: string, nearest: string | null) =>
      `Expected ${code(name)} to be one of ${list(values)}, got ${got}.${nearest === null ? '' : ` Did you mean ${code(nearest)}?`}`,
    tooLong: (name: string, max: number, got: number) =>
      `Expected ${code(name)} to have at most ${max.toLocaleString('en')} characters, got ${got.toLocaleString('en')}.`,
    lineTooLong: (max: number, got: number) =>
      `Expected at most ${max.toLocaleString('en')} characters, got ${got.toLocaleString('en')}.`,
    controlCharacter: (name: string, codePoint: string) =>
      `Expected ${code(name)} to be plain text, got the control character ${codePoint}.`,
    brokenText: (name: string) => `Expected ${code(name)} to be valid Unicode, got half of a surrogate pair.`,
    got: {
      nothing: 'an empty text',
      text: (value: string) => code(value),
      picture: 'a picture',
      notFinite: 'a number without end',
    },
    strengthWithoutImage: 'Expected `image` beside `strength`: it says how far to go away from that picture.',
    sizeNotOffered: (model: string, sizes: readonly string[], got: string) =>
      `Expected \`size\` to be one that ${code(model)} draws (${list(sizes)}), got ${code(got)}.`,
    cannotStartFromPicture: (model: string) => `${code(model)} cannot start from a picture. Leave \`image\` out.`,
    noSuchResult: 'Expected a result that is still here. This one is unknown or was deleted.',
    notDrawnYet: 'Expected a finished result. This one has no pictures (yet).',
    noSuchPicture: (count: number, got: number) =>
      `Expected \`picture\` to be ${count === 1 ? '1' : `1-${count}`}, got ${got}.`,
    pictureGone: 'That picture is no longer kept, so nothing can be drawn from it.',
    alreadyEnlarged: 'This picture is already enlarged. Enlarge works once.',
  },

  /** By the code of an error or of a failed job; `retryAfter` is a duration, where it is known. */
  error: {
    queue_full: (retryAfter: string | null) =>
      `The queue is full. Please try again in ${retryAfter ?? 'a few minutes'}.`,
    too_many_jobs: () => 'You have as many drawings in the queue as one person may. Wait for one, or cancel it.',
    daily_quota: (retryAfter: string | null) =>
      retryAfter === null
        ? 'That is more than you may ask for in one day.'
        : `You have used up your pictures for today. There is room again in ${retryAfter}.`,
    restarting: () => 'I am restarting. Please try again in a moment.',
    database_unavailable: () => 'I cannot take requests at the moment. Please try again in a moment.',
    database_busy: () => 'I cannot take requests at the moment. Please try again in a moment.',
    engine_unavailable: () => 'The drawing engine is away at the moment. Please try again in a few minutes.',
    engine_away: () => 'The drawing engine is away at the moment. Please try again in a few minutes.',
    engine_busy: () => 'The drawing engine has its hands full. Please try again in a moment.',
    engine_closed: () => 'The drawing engine was switched off while it drew this. Please try again in a few minutes.',
    engine_crashed: () => 'The drawing engine broke down again and again over this. Please try again later.',
    engine_silent: () => 'The drawing engine fell silent while it drew this. Please try again in a few minutes.',
    engine_timeout: () => 'The drawing engine took too long over this. Please try again later.',
    engine_bad_answer: () => 'The drawing engine sent something that is not a picture. It has been noted.',
    engine_model_missing: () => 'The drawing engine does not have the model at the moment. Please try again later.',
    engine_forbidden: () => 'The drawing engine does not let me in. It has been noted.',
    model_failed: () => 'The model failed to draw this. It does not count against your pictures; please try again.',
    picture_gone: () => 'The picture to start from is no longer kept.',
    picture_damaged: () => 'A stored picture turned out to be damaged, so nothing can be drawn from it.',
    picture_not_stored: () => 'The pictures were drawn but could not be kept. Please try again later.',
    attachment_unreachable: () => 'I could not fetch that picture. Please try again.',
    unexpected: () => 'Something went wrong on my side. It has been noted; please try again.',
  },

  /** Beside a job that is drawn again, by the code of the error. */
  tryingAgain: {
    engine_unavailable: 'The GPU went away, trying again.',
    engine_away: 'The GPU is away, trying again.',
    engine_busy: 'The GPU has its hands full, trying again.',
    engine_silent: 'The GPU fell silent, trying again.',
    engine_crashed: 'The drawing engine broke down, trying again.',
    anything: 'That did not work, trying again.',
  },

  /** Why nothing is drawn at present, by the engine's trouble. */
  paused: {
    no_server: 'Drawing is paused because no Triton server answers.',
    server_failing: 'Drawing is paused because no Triton server is fit to draw.',
    restarting: 'Drawing is paused because the drawing engine is being started again.',
    silent: 'Drawing is paused because the drawing engine does not answer.',
    closed: 'Drawing is paused because the drawing engine was switched off.',
  },

  note: {
    unknownWords: (words: readonly string[], canDraw: string) =>
      `This small model has never seen ${list(words.slice(0, 8))}. It can draw: ${canDraw}.`,
    nothingKnown: (canDraw: string) =>
      `This small model knows none of these words, so expect a surprise. It can draw: ${canDraw}.`,
    resized: 'This model cannot draw that large, so the picture was resized, not redrawn.',
    freshSeed: 'This model cannot start from a picture, so these are fresh drawings of the same prompt.',
    settingIgnored: (name: string, value: string) =>
      `Your default \`${name}\` ${code(value)} is not on offer here, so the model's own was taken.`,
  },

  button: {
    vary: (picture: number) => `Vary ${picture}`,
    enlarge: (picture: number) => `Enlarge ${picture}`,
    again: 'Again',
    tryAgain: 'Try again',
    edit: 'Edit',
    details: 'Details',
    delete: 'Delete',
    cancel: 'Cancel',
  },

  action: {
    imagine: 'a drawing',
    vary: 'a variation',
    again: 'another drawing',
    edit: 'a changed drawing',
    enlarge: 'an enlargement',
  },

  state: {
    queued: 'waiting',
    drawing: 'being drawn',
    drawn: 'done',
    delivered: 'done',
    cancelled: 'cancelled',
    failed: 'failed',
  },

  queue: {
    summary: (drawing: number, waiting: number, isPaused: boolean) => {
      if (drawing + waiting > 0) return `${jobs(drawing)} being drawn, ${waiting} waiting.`;
      return isPaused ? 'Nobody is waiting.' : 'Nobody is waiting: your next drawing starts at once.';
    },
    place: (place: number, waiting: number, secondsLeft: number | null) =>
      lines(
        `${place === 0 ? 'being drawn' : `number ${place} of ${Math.max(place, waiting)}`}${timeLeft(secondsLeft)}`,
      ),
    own: (id: string, prompt: string, place: string) => `- ${code(prompt)}: ${place} (${code(id)})`,
    nothingOwn: 'None of them is yours.',
  },

  cancel: {
    done: (prompt: string) => `Cancelled ${code(prompt)}.`,
    nothing: 'You have nothing waiting or being drawn.',
    tooLate: (state: string) => `That one is already ${state}.`,
    notYours: 'You can only cancel your own drawings.',
  },

  delete: {
    done: 'Deleted, pictures included.',
    notYours: 'Only the person who asked for these pictures can delete them.',
  },

  history: {
    title: (page: number) => (page === 1 ? 'Your latest pictures.' : `Your pictures, page ${page}.`),
    more: (page: number) => `More: ${code(`/history page:${page}`)}`,
    empty: 'You have no pictures yet. Try `/imagine a red lighthouse at dusk`.',
    endReached: (page: number) => `There is no page ${page}: you have seen everything.`,
  },

  forget: {
    confirm: 'This deletes all your pictures, drawings and settings for good. Confirm with `/forget-me confirm:true`.',
    done: (jobCount: number, pictureCount: number) =>
      `Forgotten: ${jobs(jobCount)}, ${pictures(pictureCount)} and your settings.`,
  },

  models: {
    intro: 'What I can draw with:',
    entry: (title: string, id: string, description: string, isDefault: boolean) =>
      `**${title}** (${code(id)}${isDefault ? ', the default' : ''}): ${description}`,
    facts: (sizes: readonly string[], steps: number, guidance: number, scheduler: string) =>
      `Sizes ${list(sizes)}; by default ${steps} steps, guidance ${guidance}, ${scheduler}.`,
    canDraw: 'It can draw:',
    things: (words: string) => `- ${words}`,
  },

  styles: {
    intro: 'Add one with `style:`, for example `/imagine a boat at dusk style:watercolour`.',
    entry: (title: string, id: string, description: string) => `**${title}** (${code(id)}): ${description}`,
  },

  settings: {
    label: {
      count: 'Pictures',
      steps: 'Steps',
      guidance: 'Guidance',
      scheduler: 'Scheduler',
      size: 'Size',
      model: 'Model',
      style: 'Style',
      negative: 'Negative prompt',
    },
    intro: 'Your defaults for `/imagine`:',
    saved: 'Saved. Your defaults for `/imagine` are now:',
    entry: (label: string, value: string) => `- ${label}: ${code(value)}`,
    byDefault: (label: string, value: string) => `- ${label}: ${code(value)} (the default)`,
    none: 'none',
    howTo: 'Change one with `/settings steps:30`, take one back with `/settings reset:steps`, all with `reset:all`.',
  },

  details: {
    title: (state: string) => `**Details** (${state})`,
    label: {
      prompt: 'Prompt',
      negative: 'Negative prompt',
      style: 'Style',
      model: 'Model',
      size: 'Size',
      steps: 'Steps',
      guidance: 'Guidance',
      scheduler: 'Scheduler',
      seeds: 'Seeds',
      startsFrom: 'Starts from a picture, strength',
      from: 'Made from',
      timings: 'Time',
      id: 'Id',
    },
    entry: (label: string, value: string) => `- ${label}: ${code(value)}`,
    long: (label: string, value: string) => `- ${label}: \`${truncate(value.replaceAll('`', "'"), 400)}\``,
    derived: (action: string, id: string, picture: number | null) =>
      `${action} of ${picture === null ? '' : `picture ${picture} of `}${id}`,
    timings: (total: number, text: number, loop: number, decoder: number) =>
      `${(total / 1_000).toFixed(1)} s (text ${Math.round(text)} ms, drawing ${Math.round(loop)} ms, decoding ${Math.round(decoder)} ms)`,
    failed: (sentence: string) => `- Why: ${sentence}`,
    again: 'Draw it exactly again:',
    anew: 'Draw this prompt with the same settings, without the picture it started from:',
    line: (line: string) => `\`${line.replaceAll('`', "'")}\``,
  },

  help: {
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
    oneOf: (values: readonly string[]) => values.map(code).join(', '),
    required: 'needed',
  },
};
