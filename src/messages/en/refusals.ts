import { code } from '../wording.ts';
import { list, number } from './wording.ts';

/** What is wrong with a request: what was expected, then what came. */
export const problem = {
  unknownCommand: (name: string, nearest: string | null) =>
    `There is no command ${code(name)}; ${nearest === null ? '`/help` lists them all.' : `did you mean ${code(nearest)}?`}`,
  unknownOption: (command: string, name: string, nearest: string | null, known: readonly string[]) => {
    const lead = `${code(command)} has no option ${code(name)}`;
    if (nearest !== null) return `${lead}; did you mean ${code(nearest)}?`;
    return known.length === 0 ? `${lead}; it takes none.` : `${lead}; it takes ${list(known)}.`;
  },
  missing: (name: string) => `Expected ${code(name)}, got nothing.`,
  missingValue: (name: string, got: string | null) =>
    `Expected a value after ${code(name)}, got ${got === null ? 'nothing' : code(got)}.`,
  givenTwice: (name: string) => `Expected ${code(name)} once, got it twice.`,
  tooManyWords: (command: string, word: string) => `${code(command)} does not know what to do with ${code(word)}.`,
  nothingToDraw: (name: string) => `Expected ${code(name)} to say what to draw, got an empty text.`,
  wrongType: (name: string, expected: ValueKind, got: string) => {
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
  notInList: (name: string, values: readonly string[], got: string, nearest: string | null) =>
    `Expected ${code(name)} to be one of ${list(values)}, got ${got}.${nearest === null ? '' : ` Did you mean ${code(nearest)}?`}`,
  tooLong: (name: string, max: number, got: number) =>
    `Expected ${code(name)} to have at most ${number(max)} characters, got ${number(got)}.`,
  lineTooLong: (max: number, got: number) => `Expected at most ${number(max)} characters, got ${number(got)}.`,
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
  speedNotOffered: (model: string, speeds: readonly string[], got: string) =>
    `Expected \`speed\` to be one that ${code(model)} has (${list(speeds)}), got ${code(got)}.`,
  notOfferedHere: (name: string) => `No model here can be asked for ${code(name)}. Leave it out.`,
  maskWithoutImage: 'Expected `image` beside `mask`: the mask says which part of that picture to draw anew.',
  maskIsBlack: 'This mask is all black, so nothing would be drawn. Paint white what should be drawn anew.',
  maskIsWhite:
    'This mask is all white, so nothing of the picture would stay. Leave `mask` out, or paint black what should stay.',
  cannotPaintWithin: (model: string) =>
    `${code(model)} cannot draw a part of a picture anew. Leave \`mask\` out, or take a model of \`/models\` that can.`,
  cannotControl: (model: string) =>
    `${code(model)} cannot follow a control picture. Leave \`control\` out, or take a model of \`/models\` that can.`,
  controlNotOffered: (model: string, kinds: readonly string[], got: string) =>
    kinds.length === 0
      ? `${code(model)} cannot follow a control picture. Leave \`control_kind\` out.`
      : `Expected \`control_kind\` to be one that ${code(model)} follows (${list(kinds)}), got ${code(got)}.`,
  controlWithoutPicture:
    'Expected a `control` picture beside `control_kind` and `control_strength`: they say how to follow it.',
  noLora: (model: string) => `${code(model)} has no LoRA, so it has no strength either. Leave \`lora_strength\` out.`,
  whichPicture: (count: number) =>
    `Expected \`picture\` beside \`mask\`: which of the ${count} pictures is painted over, \`picture:1\` to \`picture:${count}\`.`,
  pictureWithheld: 'That picture is withheld, so nothing can be drawn from it.',
  noSuchResult: 'Expected a result that is still here. This one is unknown or was deleted.',
  notDrawnYet: 'Expected a finished result. This one has no pictures (yet).',
  noSuchPicture: (count: number, got: number) =>
    `Expected \`picture\` to be ${count === 1 ? '1' : `1-${count}`}, got ${got}.`,
  pictureGone: 'That picture is no longer kept, so nothing can be drawn from it.',
  alreadyEnlarged: 'This picture is already enlarged. Enlarge works once.',
};

type ValueKind = 'text' | 'integer' | 'number' | 'boolean' | 'picture' | 'job';

/** By the code of an error or of a failed job; `retryAfter` is a duration, where it is known. */
export const error = {
  queue_full: (retryAfter: string | null) => `The queue is full. Please try again in ${retryAfter ?? 'a few minutes'}.`,
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
  engine_input_missing: () => 'The drawing engine cannot do that at the moment. Please try again without it.',
  engine_forbidden: () => 'The drawing engine does not let me in. It has been noted.',
  model_failed: () => 'The model failed to draw this. It does not count against your pictures; please try again.',
  picture_gone: () => 'The picture to start from is no longer kept.',
  picture_damaged: () => 'A stored picture turned out to be damaged, so nothing can be drawn from it.',
  picture_not_stored: () => 'The pictures were drawn but could not be kept. Please try again later.',
  attachment_unreachable: () => 'I could not fetch that picture. Please try again.',
  unexpected: () => 'Something went wrong on my side. It has been noted; please try again.',
};

/** Beside a job that is drawn again, by the code of the error. */
export const tryingAgain = {
  engine_unavailable: 'The GPU went away, trying again.',
  engine_away: 'The GPU is away, trying again.',
  engine_busy: 'The GPU has its hands full, trying again.',
  engine_silent: 'The GPU fell silent, trying again.',
  engine_crashed: 'The drawing engine broke down, trying again.',
  anything: 'That did not work, trying again.',
};

/** Why nothing is drawn at present, by the engine's trouble. */
export const paused = {
  no_server: 'Drawing is paused because no Triton server answers.',
  server_failing: 'Drawing is paused because no Triton server is fit to draw.',
  restarting: 'Drawing is paused because the drawing engine is being started again.',
  silent: 'Drawing is paused because the drawing engine does not answer.',
  closed: 'Drawing is paused because the drawing engine was switched off.',
};

/** What the playground's server says no to. */
export const web = {
  tooMuchText: 'That is too much text for one message.',
  pictureTooLarge: (mebibytes: number) => `Expected a picture of at most ${number(mebibytes)} MiB; this one is larger.`,
  pictureNotWanted: (command: string) => `${code(command)} does not take a picture.`,
  restarting: 'Quartet is restarting; try again in a moment.',
  tooManyPages: 'Too many pages are open at once; close some.',
  pictureGone: 'There is no such picture, or it is not yours.',
  pictureWithheld: 'This picture is withheld: the model’s own safety checker takes it for unsafe.',
  failed: 'Something went wrong here; it has been written to the log.',
};

/**
 * A picture that somebody sent and that is not taken, by the code of the error. English says it as the error does,
 * which knows exactly what came.
 */
export const refusedPicture = {
  picture_type: (said: string) => said,
  picture_broken: (said: string) => said,
  picture_too_large: (said: string) => said,
  picture_too_narrow: (said: string) => said,
};
