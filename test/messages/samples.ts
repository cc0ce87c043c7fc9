import type { Messages } from '../../src/messages/messages.ts';

type Plain = string | readonly string[] | (() => string);
/** Whether something in this part of the catalogue has to be given values. */
type NeedsValues<Part> = Part extends Plain
  ? false
  : Part extends (...values: never) => string
    ? true
    : true extends { [Key in keyof Part]: NeedsValues<Part[Key]> }[keyof Part]
      ? true
      : false;

/** Values for every sentence of the catalogue that takes some: one that lacks them does not compile. */
export type Samples<Part = Messages> = Part extends (...values: infer Values) => string
  ? readonly Values[]
  : { readonly [Key in keyof Part as NeedsValues<Part[Key]> extends true ? Key : never]: Samples<Part[Key]> };

const id = '0b8f9a7e-6a35-4c0e-9d65-3f1f1f0a2b4c';

/** Values that can be found again in a sentence; the prompts try to break out of it. */
export const samples: Samples = {
  alternative: [
    ['a boat', 7, 8],
    ['a boat', 1, 1],
  ],
  button: { vary: [[3]], enlarge: [[3]] },
  cancel: { done: [['a boat']], tooLate: [['Zustand']] },
  details: {
    title: [['Zustand']],
    entry: [['Etikett', 'Wert']],
    long: [['Etikett', '`@everyone` <!channel> **Wert**']],
    derived: [
      ['Werk', id, 3],
      ['Werk', id, null],
    ],
    timings: [[61_500, 11, 22, 33]],
    failed: [['Satz']],
    line: [['/imagine `x`']],
  },
  duration: [[0.2], [1], [71], [1_000], [10_000]],
  error: {
    queue_full: [[null], ['Dauer']],
    daily_quota: [[null], ['Dauer']],
  },
  forget: {
    done: [
      [1, 1],
      [1_234, 5_678],
    ],
  },
  help: {
    more: [['Befehl']],
    usage: [['/Befehl']],
    entry: [['Befehl', 'Text']],
    option: [
      ['Name', 'Text', 'Fakt'],
      ['Name', 'Text', null],
    ],
    range: [[3, 7]],
    oneOf: [[['eins', 'zwei']]],
  },
  history: { title: [[1], [7]], more: [[7]], endReached: [[7]] },
  models: {
    entry: [
      ['Titel', 'kennung', 'Text', true],
      ['Titel', 'kennung', 'Text', false],
    ],
    facts: [[['64x64', '512x512'], 21, 7.5, 'DDIM']],
    takes: [[['eins', 'zwei']]],
    follows: [['name', ['Kanten', 'Tiefe']]],
    lora: [['name', 0.8]],
    speeds: [['name', [{ name: 'eins', title: 'Titel' }]]],
    things: [['boat, lighthouse']],
  },
  note: {
    unknownWords: [[['`@everyone`', 'dragon'], 'boat']],
    nothingKnown: [['boat']],
    withheld: [
      [1, 1],
      [1, 4],
      [2, 4],
      [4, 4],
    ],
    leftOut: [['kennung', ['eins', 'zwei']]],
    settingIgnored: [['model', 'gone']],
  },
  problem: {
    unknownCommand: [
      ['/xyzzy', null],
      ['/imagin', '/imagine'],
    ],
    unknownOption: [
      ['befehl', '--sede', '--seed', ['--steps']],
      ['befehl', '--sede', null, ['--steps', '--style']],
      ['befehl', '--sede', null, []],
    ],
    missing: [['name']],
    missingValue: [
      ['name', null],
      ['name', '--next'],
    ],
    givenTwice: [['name']],
    tooManyWords: [['befehl', '@everyone']],
    nothingToDraw: [['name']],
    wrongType: [
      ['name', 'text', '`x`'],
      ['name', 'integer', '`x`'],
      ['name', 'number', '`x`'],
      ['name', 'boolean', '`x`'],
      ['name', 'picture', '`x`'],
      ['name', 'job', '`x`'],
    ],
    outOfRange: [['name', 3, 7, '900']],
    notInList: [
      ['name', ['eins', 'zwei'], '`x`', null],
      ['name', ['eins', 'zwei'], '`x`', 'eins'],
    ],
    tooLong: [['name', 1_900, 10_000]],
    lineTooLong: [[1_900, 10_000]],
    controlCharacter: [['name', 'U+0000']],
    brokenText: [['name']],
    got: { text: [['`@everyone`']] },
    sizeNotOffered: [['kennung', ['64x64', '512x512'], '8x8']],
    cannotStartFromPicture: [['kennung']],
    speedNotOffered: [['kennung', ['eins', 'zwei'], 'drei']],
    notOfferedHere: [['name']],
    cannotPaintWithin: [['kennung']],
    cannotControl: [['kennung']],
    controlNotOffered: [
      ['kennung', ['eins', 'zwei'], 'drei'],
      ['kennung', [], 'drei'],
    ],
    noLora: [['kennung']],
    whichPicture: [[4]],
    noSuchPicture: [
      [4, 9],
      [1, 9],
    ],
  },
  progress: { place: [[7, 8]], step: [[7, 8]], timeLeft: [[0.2], [71]] },
  queue: {
    summary: [
      [1, 7, false],
      [2, 7, true],
      [0, 0, false],
      [0, 0, true],
    ],
    place: [
      [0, 7, null],
      [3, 7, 71],
      [3, 2, null],
    ],
    own: [[id, 'a `boat`', 'Platz']],
  },
  refusedPicture: {
    picture_type: [['Expected …']],
    picture_broken: [['Expected …']],
    picture_too_large: [['Expected …']],
    picture_too_narrow: [['Expected …']],
  },
  setting: {
    steps: [[1], [21]],
    guidance: [[7.5]],
    strength: [[0.6]],
    seed: [[4_294_967_295]],
    style: [['Titel']],
    model: [['kennung']],
    time: [[4_200]],
    control: [['Kanten', 0.8]],
    lora: [[0.8]],
    speed: [['name']],
  },
  settings: {
    entry: [['Etikett', 'Wert']],
    byDefault: [['Etikett', 'Wert']],
  },
  terminal: { folder: [['out']], notAFile: [['mask', 'x.png']] },
  web: { pictureTooLarge: [[7]], pictureNotWanted: [['/befehl']] },
  styles: { entry: [['Titel', 'kennung', 'Text']] },
};
