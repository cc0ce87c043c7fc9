import { App, type Receiver } from '@slack/bolt';
import type { Logger } from 'pino';
import { createSlackLogger } from './slack-logger.ts';

/**
 * The real Bolt as a dispatcher: it reads what an event is and calls who listens to it. It is given no token, because
 * it would ask Slack whose that is before an event is confirmed.
 */
export function createBoltApp(receiver: Receiver, apiUrl: string, logger: Logger): App {
  const app = new App({
    receiver,
    authorize: async ({ teamId, enterpriseId }) => ({
      ...(teamId ? { teamId } : {}),
      ...(enterpriseId ? { enterpriseId } : {}),
    }),
    // Own messages are passed over by whoever reads messages.
    ignoreSelf: false,
    convoStore: false,
    clientOptions: { slackApiUrl: apiUrl },
    logger: createSlackLogger(logger),
  });
  app.error(async (error) => logger.error({ err: error }, 'an event of Slack was not processed'));
  return app;
}
