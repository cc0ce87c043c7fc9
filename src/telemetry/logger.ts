import { type Logger, pino } from 'pino';

/** Tokens, keys and cookies never reach the log, wherever they hang. */
const secrets = ['token', 'authorization', 'cookie', 'password', 'secret'];

/** Logs as JSON lines to standard error, so that standard output stays free for results. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
