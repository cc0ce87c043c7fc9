import { App, LogLevel } from '@slack/bolt';
import type { SlackServer } from './start-slack-server.ts';

/** A real Bolt app on a connection of Socket Mode, with nothing in it yet. */
export function createBolt(slack: SlackServer): App {
  return new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } },
  });
}

/** A real Bolt app on HTTP, on a free port; gives its address. */
export async function startHttpBolt(slack: SlackServer, fill: (app: App) => void): Promise<{ app: App; url: string }> {
  const app = new App({
    token: slack.botToken,
    signingSecret: slack.signingSecret,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } },
  });
  fill(app);
  const server = (await app.start({ host: '127.0.0.1', port: 0 })) as { address(): { port: number } };
  return { app, url: `http://127.0.0.1:${server.address().port}/slack/events` };
}
