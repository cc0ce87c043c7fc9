import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { Config } from '../../config.ts';
import { createButtonIds } from '../button-id.ts';
import type { ChatPlatform } from '../chat-platform.ts';
import type { InstallationShelf } from './installations.ts';
import { createSlackPlatform } from './slack-platform.ts';

/** What Slack needs besides its settings. */
export interface SlackParts {
  readonly services: CommandServices;
  /** Signs buttons, seals tokens. */
  readonly secret: Uint8Array;
  readonly installations: InstallationShelf;
  readonly soleProcess: boolean;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** Slack as its settings describe it. */
export function createSlackFromConfig(
  config: Config,
  { installations, secret, ...parts }: SlackParts,
): ChatPlatform & { readonly routes: Hono | null } {
  const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = config;
  return createSlackPlatform({
    ...parts,
    botToken: config.SLACK_BOT_TOKEN,
    appToken: config.SLACK_APP_TOKEN,
    signingSecret: config.SLACK_SIGNING_SECRET,
    install:
      clientId === null || clientSecret === null ? null : { clientId, clientSecret, shelf: installations, secret },
    apiUrl: config.SLACK_API_URL,
    channels: config.SLACK_CHANNELS,
    admins: config.ADMIN_USERS,
    ids: createButtonIds(secret),
  });
}
