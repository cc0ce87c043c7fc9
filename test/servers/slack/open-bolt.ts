import { App, type Logger, LogLevel, SocketModeReceiver, webApi } from '@slack/bolt';
import type { SlackServer } from './start-slack-server.ts';

/** Refusals that a test asks for need not be printed. */
const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

const onlyOnce = { retries: 0 };

/** The real client of the Web API, which tries everything once. */
export function createClient(slack: SlackServer, token?: string): webApi.WebClient {
  return new webApi.WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: onlyOnce,
    rejectRateLimitedCalls: true,
    logger: quiet,
  });
}

/** A real Bolt app on a connection of Socket Mode, with nothing in it yet. */
export function createBolt(slack: SlackServer): App {
  const clientOptions = { slackApiUrl: slack.apiUrl, retryConfig: onlyOnce };
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    // Also the pause before it connects again.
    clientPingTimeout: 300,
    logger: quiet,
    installerOptions: { clientOptions },
  });
  return new App({ token: slack.botToken, receiver, logger: quiet, clientOptions });
}

/** A real Bolt app on HTTP, on a free port; gives its address. */
export async function startHttpBolt(slack: SlackServer, fill: (app: App) => void): Promise<{ app: App; url: string }> {
  const app = new App({
    token: slack.botToken,
    signingSecret: slack.signingSecret,
    logger: quiet,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: onlyOnce },
  });
  fill(app);
  const server = (await app.start({ host: '127.0.0.1', port: 0 })) as { address(): { port: number } };
  return { app, url: `http://127.0.0.1:${server.address().port}/slack/events` };
}
