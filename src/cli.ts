import { config as readDotenv } from 'dotenv';
import type { Logger } from 'pino';
import { type Config, parseConfig } from './config.ts';
import { ConfigError, StoreError } from './errors.ts';
import { startQuartet } from './main.ts';
import { createLogger } from './telemetry/logger.ts';

const usage = `Usage: npm start | npm run imagine -- "a prompt" [options]

  serve     the bot and its playground (npm start)
  imagine   draw one prompt into files (npm run imagine -- --help)
`;

/** Exit codes: 0 done, 1 failed or wrong settings, 2 not understood, 130 interrupted. */
async function main(argv: readonly string[]): Promise<number> {
  const [command] = argv;
  readDotenv({ quiet: true });
  const config = parseConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  switch (command) {
    case 'serve':
      return serve(config, logger);
    case undefined:
    case 'help':
    case '--help':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(`Expected a command, got "${command}".\n\n${usage}`);
      return 2;
  }
}

async function serve(config: Config, logger: Logger): Promise<number> {
  const stopped = nextStopSignal();
  const quartet = await startQuartet(config, logger);
  process.stdout.write(
    config.PLAYGROUND ? `Quartet is ready: open ${quartet.url}\n` : `Quartet is ready: ${quartet.url}/readyz\n`,
  );
  const signal = await stopped;
  logger.info({ signal }, 'stopping');
  // A second signal does not wait for the pictures.
  void nextStopSignal().then(() => process.exit(130));
  await quartet.stop();
  return 0;
}

function nextStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StoreError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
