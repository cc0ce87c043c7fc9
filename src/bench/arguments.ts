import { parseArgs } from 'node:util';
import { InvalidRequestError } from '../errors.ts';

/** How much is measured. */
export interface BenchArguments {
  readonly requests: number;
  /** Null: as many as the model takes by default. */
  readonly steps: number | null;
  readonly people: number;
  readonly pictures: number;
}

const options = {
  requests: { about: 'requests that a median is taken of', default: 5, max: 1_000 },
  steps: { about: 'steps of each drawing behind Triton (default: the model’s own)', default: null, max: 150 },
  people: { about: 'people who ask at the same moment', default: 500, max: 10_000 },
  pictures: { about: 'pictures that the throughput is measured over', default: 200, max: 100_000 },
} as const;

/** The text of `--help`. */
export const benchHelp = [
  'Usage: npm run bench -- [options]',
  '',
  'Measures this machine and prints tables: where the time of one request behind a real Triton goes (the one of',
  'TRITON_URLS, or one that it starts here), and the bot’s own numbers.',
  '',
  ...Object.entries(options).map(([name, { about, default: value }]) => {
    const unless = value === null ? '' : ` (default: ${value})`;
    return `  --${name} N`.padEnd(16) + about + unless;
  }),
  '',
].join('\n');

/** Reads what stands behind `bench`; null when help was asked for. */
export function readBenchArguments(argv: readonly string[]): BenchArguments | null {
  const values = parse(argv);
  if (values.help === true) return null;
  const number = (name: keyof typeof options): number | null => {
    const { default: otherwise, max } = options[name];
    const text = values[name];
    if (typeof text !== 'string') return otherwise;
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new InvalidRequestError(
      'invalid_options',
      `Expected \`--${name}\` to be a whole number from 1 to ${max}, got ${text}.`,
    );
  };
  return {
    requests: number('requests') ?? options.requests.default,
    steps: number('steps'),
    people: number('people') ?? options.people.default,
    pictures: number('pictures') ?? options.pictures.default,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const declared = {
    requests: text,
    steps: text,
    people: text,
    pictures: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...argv], options: declared }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidRequestError('invalid_options', `Expected the options of \`bench --help\`. ${reason}`);
  }
}
