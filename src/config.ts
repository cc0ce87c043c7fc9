import { z } from 'zod';
import { ConfigError } from './errors.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected a whole number from ${min} to ${max}`);

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `expected one of ${values.join(', ')}` });

const namesIn = (list: string) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

const trueOrFalse = oneOf(['true', 'false']).transform((value) => value === 'true');

/**
 * Every setting: how it is parsed, what it is when unset, and the words that README and `.env.example` use for it.
 * An empty value counts as unset.
 */
export const settings = {
  DATA_DIR: { parse: z.string(), default: './data', about: 'Folder for the embedded database and the pictures.' },
  DATABASE_URL: {
    parse: z.string().regex(/^postgres(ql)?:\/\//, 'expected an address that starts with postgres://'),
    default: null,
    about: 'A PostgreSQL server. Unset: an embedded database in DATA_DIR.',
  },
  TRITON_URLS: {
    parse: z.string().transform(namesIn),
    default: null,
    about: 'Triton servers, separated by commas: grpc://host:8001 or grpcs://host:8001. Unset: the embedded engine.',
  },
  TRITON_MODEL: { parse: z.string(), default: 'stable_diffusion', about: 'Name of the model on the Triton servers.' },
  TRITON_CONCURRENCY: {
    parse: wholeNumber(1, 16),
    default: 1,
    about: 'Drawings that each Triton server is given at once.',
  },
  TRITON_AUTH_HEADER: {
    parse: z.string(),
    default: null,
    about: 'A header for every call to Triton, as in triton-grpc-protocol-key: value for restricted protocols.',
  },
  TRITON_CA_FILE: {
    parse: z.string(),
    default: null,
    about: 'PEM file of who vouches for grpcs:// servers. Unset: the authorities that Node trusts.',
  },
  TRITON_CERT_FILE: { parse: z.string(), default: null, about: 'PEM file of our certificate, for mutual TLS.' },
  TRITON_KEY_FILE: { parse: z.string(), default: null, about: 'PEM file of the key to that certificate.' },
  MODEL_DIR: {
    parse: z.string(),
    default: 'triton-models/demo/model',
    about: 'Folder of an exported pipeline for the embedded engine. The small model that comes along is the default.',
  },
  ENGINE_THREADS: {
    parse: wholeNumber(1, 256),
    default: null,
    about: 'CPU threads of the embedded engine. Unset: as many as the machine has cores.',
  },
  HTTP_HOST: {
    parse: z.string(),
    default: '127.0.0.1',
    about: 'Address the playground and the health pages listen on.',
  },
  HTTP_PORT: {
    parse: wholeNumber(0, 65_535),
    default: 3_000,
    about: 'Port of the playground, `/healthz` and `/readyz`; 0 takes a free one.',
  },
  PLAYGROUND: { parse: trueOrFalse, default: true, about: 'Whether the playground page is served.' },
  ALLOWED_HOSTS: {
    parse: z.string().transform(namesIn),
    default: [] as string[],
    about: 'Host names, separated by commas, under which browsers reach the playground besides this machine’s own.',
  },
  MAX_QUEUE: { parse: wholeNumber(1, 100_000), default: 500, about: 'Jobs that may wait in all.' },
  MAX_JOBS_PER_USER: { parse: wholeNumber(1, 1_000), default: 10, about: 'Unfinished jobs one person may have.' },
  DAILY_IMAGES_PER_USER: {
    parse: wholeNumber(1, 100_000),
    default: 1_000,
    about: 'Pictures one person may ask for in 24 hours.',
  },
  RETENTION_DAYS: {
    parse: wholeNumber(1, 3_650),
    default: 30,
    about: 'Days that pictures and their settings are kept.',
  },
  MAX_UPLOAD_MB: { parse: wholeNumber(1, 100), default: 10, about: 'Largest picture (MiB) that people may send.' },
  SHUTDOWN_SECONDS: {
    parse: wholeNumber(0, 600),
    default: 20,
    about: 'How long running drawings may take to finish after SIGTERM before they go back to the queue.',
  },
  LOG_LEVEL: {
    parse: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    about: 'How much is logged: fatal, error, warn, info, debug, trace or silent.',
  },
  LOG_PROMPTS: { parse: trueOrFalse, default: false, about: 'Whether prompts appear in the log.' },
} as const satisfies Record<string, { parse: z.ZodType; default: unknown; about: string }>;

type Settings = typeof settings;
type Widen<Value> = Value extends boolean ? boolean : Value extends number ? number : Value;

/** All settings, parsed once; nothing else reads the environment. */
export type Config = {
  readonly [Name in keyof Settings]: z.output<Settings[Name]['parse']> | Widen<Settings[Name]['default']>;
};

/** Parses the environment; throws one `ConfigError` that lists every problem at once. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const entries = Object.entries(settings).map(([name, setting]) => {
    const raw = environment[name]?.trim();
    if (raw === undefined || raw === '') return [name, setting.default];
    const parsed = setting.parse.safeParse(raw);
    if (parsed.success) return [name, parsed.data];
    const expectation = parsed.error.issues[0]?.message ?? 'not understood';
    problems.push(`${name}: ${expectation}, got "${shortened(raw)}".`);
    return [name, setting.default];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  // The entries were made from the same table that the type is made from.
  return Object.fromEntries(entries) as Config;
}

/** Secrets stand in some settings, so a problem shows no more than the beginning. */
function shortened(value: string): string {
  return value.length > 24 ? `${value.slice(0, 12)}…` : value;
}
