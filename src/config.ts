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

const listOf = (item: z.ZodType<string, string>) => z.string().transform(namesIn).pipe(z.array(item));

const snowflake = z.string().regex(/^\d{17,20}$/, 'expected an id of Discord, 17 to 20 digits');

const webAddress = (ending: RegExp, expectation: string) =>
  z.url({ protocol: /^https?$/, error: 'expected an address that starts with https://' }).regex(ending, expectation);

interface Setting {
  readonly parse: z.ZodType;
  readonly default: unknown;
  readonly about: string;
  /** Whether a problem must not repeat its value. */
  readonly isSecret?: boolean;
}

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
  DISCORD_TOKEN: {
    parse: z.string().regex(/^\S{20,}$/, 'expected the token of a bot, without spaces'),
    default: null,
    isSecret: true,
    about: 'The bot’s token (Developer Portal, Bot, Reset Token). Unset: no Discord.',
  },
  DISCORD_GUILD_ID: {
    parse: snowflake,
    default: null,
    about: 'Register the commands in this server only, where they change at once. Unset: everywhere.',
  },
  DISCORD_CHANNELS: {
    parse: listOf(snowflake),
    default: [] as string[],
    about: 'Ids of the channels, separated by commas, in which the bot draws, threads included. Unset: in all.',
  },
  DISCORD_API_URL: {
    parse: webAddress(/\/api$/, 'expected an address that ends in /api'),
    default: 'https://discord.com/api',
    about: 'Where Discord’s API is.',
  },
  DISCORD_CDN_URL: {
    parse: webAddress(/[^/]$/, 'expected an address without a slash at its end'),
    default: 'https://cdn.discordapp.com',
    about: 'Where Discord keeps the pictures that people attach.',
  },
  SLACK_BOT_TOKEN: {
    parse: z.string().regex(/^xoxb-\S+$/, 'expected a bot token, which begins with xoxb-'),
    default: null,
    isSecret: true,
    about:
      'The bot’s token for one workspace (OAuth & Permissions). Unset: no Slack, unless people install it themselves.',
  },
  SLACK_APP_TOKEN: {
    parse: z.string().regex(/^xapp-\S+$/, 'expected an app-level token, which begins with xapp-'),
    default: null,
    isSecret: true,
    about: 'Socket Mode: the app-level token with connections:write.',
  },
  SLACK_SIGNING_SECRET: {
    parse: z.string().regex(/^\S{8,}$/, 'expected the signing secret, without spaces'),
    default: null,
    isSecret: true,
    about: 'HTTP mode: Slack calls /slack/events, and this checks that it is Slack.',
  },
  SLACK_CLIENT_ID: {
    parse: z.string(),
    default: null,
    about: 'HTTP mode in several workspaces: people install the bot at /slack/install.',
  },
  SLACK_CLIENT_SECRET: { parse: z.string(), default: null, isSecret: true, about: 'The secret to SLACK_CLIENT_ID.' },
  SLACK_CHANNELS: {
    parse: listOf(z.string().regex(/^[CDG][A-Z0-9]+$/, 'expected ids of channels, as in C0123456789')),
    default: [] as string[],
    about: 'Ids of the channels, separated by commas, in which the bot draws. Unset: in all.',
  },
  SLACK_API_URL: {
    parse: webAddress(/\/api\/$/, 'expected an address that ends in /api/'),
    default: 'https://slack.com/api/',
    about: 'Where Slack’s API is.',
  },
  BUTTON_SECRET: {
    parse: z.string().min(16, 'expected at least 16 characters'),
    default: null,
    isSecret: true,
    about:
      'What buttons are signed with; the same for all processes. Unset: made at the first start and kept in DATA_DIR.',
  },
  ADMIN_USERS: {
    parse: listOf(z.string().regex(/^(discord|slack):\S+$/, 'expected ids as in discord:123 or slack:U123')),
    default: [] as string[],
    about: 'People, separated by commas, who may end and delete what is not theirs: discord:123, slack:U123.',
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
    isSecret: true,
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
} as const satisfies Record<string, Setting>;

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
    const isSecret = 'isSecret' in setting && setting.isSecret;
    problems.push(`${name}: ${expectation}, got ${isSecret ? 'something else' : `"${shortened(raw)}"`}.`);
    return [name, setting.default];
  });
  // The entries were made from the same table that the type is made from.
  const config = Object.fromEntries(entries) as Config;
  problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** What is wrong with settings that are right each by itself. */
function contradictions(config: Config): string[] {
  const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_CLIENT_ID, SLACK_CLIENT_SECRET } = config;
  const problems: string[] = [];
  const isSocketMode = SLACK_APP_TOKEN !== null;
  if (SLACK_BOT_TOKEN !== null && !isSocketMode && SLACK_SIGNING_SECRET === null) {
    problems.push(
      'SLACK_BOT_TOKEN: expected SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode) beside it, got neither.',
    );
  }
  if (isSocketMode && SLACK_BOT_TOKEN === null) {
    problems.push('SLACK_APP_TOKEN: expected SLACK_BOT_TOKEN beside it, got nothing.');
  }
  if ((SLACK_CLIENT_ID === null) !== (SLACK_CLIENT_SECRET === null)) {
    problems.push('SLACK_CLIENT_ID and SLACK_CLIENT_SECRET: expected both or none, got one.');
  }
  const isInstallable = SLACK_CLIENT_ID !== null;
  if (isInstallable && (isSocketMode || SLACK_SIGNING_SECRET === null)) {
    problems.push(
      'SLACK_CLIENT_ID: expected HTTP mode, with SLACK_SIGNING_SECRET and without SLACK_APP_TOKEN, got something else.',
    );
  }
  if (!isSocketMode && SLACK_SIGNING_SECRET !== null && SLACK_BOT_TOKEN === null && !isInstallable) {
    problems.push('SLACK_SIGNING_SECRET: expected SLACK_BOT_TOKEN or SLACK_CLIENT_ID beside it, got neither.');
  }
  return problems;
}

/** Secrets stand in some settings, so a problem shows no more than the beginning. */
function shortened(value: string): string {
  return value.length > 24 ? `${value.slice(0, 12)}…` : value;
}
