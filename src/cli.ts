import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { config as readDotenv } from 'dotenv';
import type { Logger } from 'pino';
import { type Config, parseConfig } from './config.ts';
import { checkDatabase } from './doctor/check-database.ts';
import { checkEngine } from './doctor/check-engine.ts';
import type { Finding } from './doctor/finding.ts';
import { type Check, runDoctor } from './doctor/run-doctor.ts';
import { InvalidRequestError, QuartetError } from './errors.ts';
import { openEngine, startQuartet } from './main.ts';
import { runImagine } from './platforms/terminal/run-imagine.ts';
import { createLogger } from './telemetry/logger.ts';

const usage = `Usage: npm start | npm run imagine -- "a prompt" [options]

  serve     the bot and its playground (npm start)
  imagine   draw one prompt into files (npm run imagine -- --help)
  register  tell Discord the commands, and print the manifest of the Slack app (npm run register)
            --slack-url https://...  the address that Slack calls, for HTTP mode
            --out FILE               write the manifest there
  doctor    look whether everything that the settings name can be used (npm run doctor)
  bench     measure this machine (npm run bench -- --help)
`;

/** Exit codes: 0 done, 1 failed or wrong settings, 2 not understood, 130 interrupted. */
async function main([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      if (rest.length > 0)
        return notUnderstood(`serve takes its settings from the environment or .env, got "${rest[0]}".`);
      return withSettings(serve);
    case 'doctor':
      return withSettings(doctor);
    case 'register':
      return withSettings((config) => register(rest, config));
    case 'imagine':
      return withSettings((config, logger) => imagine(rest, config, logger));
    case 'bench':
      return withSettings((config, logger) => bench(rest, config, logger));
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage);
      return 0;
    default:
      return notUnderstood(`Expected a command, got "${command}".`);
  }
}

function notUnderstood(sentence: string): number {
  process.stderr.write(`${sentence}\n\n${usage}`);
  return 2;
}

/** Whoever reads may stop reading (`| head -1`): what is under way goes on, to nobody. */
function ignoreClosedPipe(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
}

function withSettings(run: (config: Config, logger: Logger) => Promise<number>): Promise<number> {
  readDotenv({ quiet: true });
  const config = parseConfig(process.env);
  return run(config, createLogger(config.LOG_LEVEL));
}

async function serve(config: Config, logger: Logger): Promise<number> {
  const stopped = nextStopSignal();
  const quartet = await startQuartet(config, logger);
  const seconds = process.uptime().toFixed(1);
  const where = config.PLAYGROUND ? `open ${quartet.url}` : `see ${quartet.url}/readyz`;
  process.stdout.write(`Quartet is ready after ${seconds} s: ${where}\n`);
  const signal = await stopped;
  logger.info({ signal }, 'stopping');
  // A second signal does not wait for the pictures.
  void nextStopSignal().then(() => process.exit(130));
  await quartet.stop();
  return 0;
}

async function doctor(config: Config): Promise<number> {
  // What it finds is on the screen: only a log of what is wrong would say it twice.
  const logger = createLogger('silent');
  const isFine = await runDoctor(checksOf(config, logger), (text) => process.stdout.write(text));
  return isFine ? 0 : 1;
}

async function register(argv: readonly string[], config: Config): Promise<number> {
  const print = (text: string) => process.stdout.write(text);
  const asked = readRegisterOptions(argv);
  if (asked === null) return notUnderstood('register takes --slack-url and --out, each with a value.');
  const { DISCORD_TOKEN } = config;
  if (DISCORD_TOKEN !== null) {
    const { registerDiscord } = await import('./platforms/discord/register.ts');
    const difference = await registerDiscord({ ...config, DISCORD_TOKEN });
    const said = Object.entries(difference).flatMap(([what, names]) =>
      names.length === 0 ? [] : [`${what} ${names.join(', ')}`],
    );
    print(`Discord: ${said.length === 0 ? 'nothing has changed' : said.join('; ')}.\n\n`);
  }
  const { registerSlack } = await import('./platforms/slack/register.ts');
  await registerSlack(config, { ...asked, print });
  return 0;
}

function readRegisterOptions(argv: readonly string[]): { publicUrl: string | null; file: string | null } | null {
  try {
    const options = { 'slack-url': { type: 'string' }, out: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...argv], options });
    return { publicUrl: values['slack-url'] ?? null, file: values.out ?? null };
  } catch {
    return null;
  }
}

function checksOf(config: Config, logger: Logger): readonly Check[] {
  const { DATABASE_URL: databaseUrl, DATA_DIR: dataDir } = config;
  return [
    { part: 'Engine', run: () => checkEngine(() => openEngine(config, logger)) },
    { part: 'Database', run: () => checkDatabase({ databaseUrl, dataDir, logger, clock: Date.now }) },
    { part: 'Discord', run: () => lookAtDiscord(config) },
    { part: 'Slack', run: () => lookAtSlack(config) },
  ];
}

async function lookAtDiscord({ DISCORD_TOKEN, ...config }: Config): Promise<readonly Finding[]> {
  if (DISCORD_TOKEN === null) return [{ state: 'good', what: 'It is off: DISCORD_TOKEN is not set.', advice: null }];
  const { checkDiscord } = await import('./platforms/discord/doctor.ts');
  return checkDiscord({ ...config, DISCORD_TOKEN }, Date.now);
}

async function lookAtSlack(config: Config): Promise<readonly Finding[]> {
  const { checkSlack } = await import('./platforms/slack/doctor.ts');
  return checkSlack(config, { clock: Date.now });
}

function imagine(argv: readonly string[], config: Config, logger: Logger): Promise<number> {
  const interrupted = new AbortController();
  void nextStopSignal().then(() => interrupted.abort());
  return runImagine({
    argv,
    // Its progress is on the screen already: only what goes wrong is logged.
    openEngine: () => openEngine(config, logger.child({}, { level: 'warn' })),
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: interrupted.signal,
    randomSeed: () => randomInt(2 ** 32),
    clock: Date.now,
  });
}

async function bench(argv: readonly string[], config: Config, logger: Logger): Promise<number> {
  const interrupted = new AbortController();
  void nextStopSignal().then(() => {
    interrupted.abort();
    process.exit(130);
  });
  // Only measurements need it.
  const { runBench } = await import('./bench/run-bench.ts');
  return runBench({
    argv,
    config,
    environment: process.env,
    logger: logger.child({}, { level: 'warn' }),
    write: (text) => process.stdout.write(text),
    tell: (line) => process.stderr.write(`${line}\n`),
    clock: () => performance.now(),
    now: Date.now,
    random: Math.random,
    signal: interrupted.signal,
  });
}

function nextStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof QuartetError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof InvalidRequestError ? 2 : 1;
}
