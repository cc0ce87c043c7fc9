import { LogLevel, type Logger as SlackLogger } from '@slack/bolt';
import type { Logger } from 'pino';

/** Bolt's log in ours. Debug lines hold tokens and prompts, so they are dropped, whatever the level. */
export function createSlackLogger(logger: Logger): SlackLogger {
  const write = (level: 'info' | 'warn' | 'error') => (message: unknown) => {
    logger[level]({ slack: message instanceof Error ? message.message : String(message) }, 'from the Slack library');
  };
  return {
    debug: () => undefined,
    // The library's information is our detail.
    info: (message: unknown) => logger.debug({ slack: String(message) }, 'from the Slack library'),
    warn: write('warn'),
    error: write('error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
