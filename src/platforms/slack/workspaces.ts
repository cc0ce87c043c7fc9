import { WebClient } from '@slack/web-api';
import type { Logger } from 'pino';
import { ConfigError, DeliveryError } from '../../errors.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import { callTimeoutMs, slackRetryPolicies } from './retry-policies.ts';
import { createSlackLogger } from './slack-logger.ts';

/** One workspace that the bot is installed in. */
export interface Workspace {
  readonly team: string;
  readonly token: string;
  readonly botUserId: string;
  readonly botId: string;
  /** As in `https://acme.slack.com/`. */
  readonly url: string;
  /** For calls that may be made twice without harm. */
  readonly read: WebClient;
  /** For calls that change something: never made twice by themselves. */
  readonly write: WebClient;
}

/** Where tokens of workspaces come from. */
export interface TokenSource {
  /** Null for a workspace that has not installed the bot. */
  tokenOf(team: string): Promise<string | null>;
}

/** The workspaces, opened when they are needed and kept. */
export interface Workspaces {
  /** `null` means the only one. Throws `DeliveryError` where the bot is not installed. */
  of(team: string | null): Promise<Workspace>;
  /** Forget what is kept: the token was revoked or replaced. */
  forget(team: string): void;
}

interface WorkspacesOptions {
  readonly apiUrl: string;
  readonly logger: Logger;
}

/** A token becomes a workspace: asks Slack once whose it is. */
export async function openWorkspace(token: string, { apiUrl, logger }: WorkspacesOptions): Promise<Workspace> {
  const client = (retryConfig: (typeof slackRetryPolicies)['read' | 'write']) =>
    new WebClient(token, {
      slackApiUrl: apiUrl,
      retryConfig,
      // Waiting is the business of whoever called: a job is put off, an edit is dropped.
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      timeout: callTimeoutMs,
      logger: createSlackLogger(logger),
    });
  const read = client(slackRetryPolicies.read);
  const identity = await read.auth.test();
  return {
    team: identity.team_id ?? '',
    token,
    botUserId: identity.user_id ?? '',
    botId: identity.bot_id ?? '',
    url: identity.url ?? '',
    read,
    write: client(slackRetryPolicies.write),
  };
}

/** The one workspace of a bot token. */
export function createSingleWorkspace(token: string, options: WorkspacesOptions): Workspaces {
  let opening: Promise<Workspace> | null = null;
  return {
    async of(team) {
      opening ??= openWorkspace(token, options);
      try {
        const workspace = await opening;
        if (team === null || team === workspace.team) return workspace;
      } catch (error) {
        opening = null;
        throw toDeliveryError(error);
      }
      throw notInstalled(team);
    },
    forget: () => {
      opening = null;
    },
  };
}

/** Workspaces whose people installed the bot themselves. */
export function createInstalledWorkspaces(source: TokenSource, options: WorkspacesOptions): Workspaces {
  const opened = new Map<string, Promise<Workspace>>();
  const open = async (team: string): Promise<Workspace> => {
    const token = await source.tokenOf(team);
    if (token === null) throw notInstalled(team);
    return openWorkspace(token, options);
  };
  return {
    async of(team) {
      if (team === null) throw notInstalled('unknown');
      const known = opened.get(team) ?? open(team);
      opened.set(team, known);
      try {
        return await known;
      } catch (error) {
        opened.delete(team);
        throw toDeliveryError(error);
      }
    },
    forget: (team) => void opened.delete(team),
  };
}

/** The workspace of the bot token, and those that installed the bot themselves. */
export function joinWorkspaces(single: Workspaces, installed: Workspaces): Workspaces {
  return {
    async of(team) {
      try {
        return await single.of(team);
      } catch (error) {
        if (team === null || toDeliveryError(error).code !== 'slack_not_installed') throw error;
        return installed.of(team);
      }
    },
    forget(team) {
      single.forget(team);
      installed.forget(team);
    },
  };
}

/** A token that Slack refuses ends the start; Slack being away does not. */
export async function checkToken(workspaces: Workspaces, logger: Logger): Promise<void> {
  try {
    const { team, url } = await workspaces.of(null);
    logger.info({ part: 'slack', team, url }, 'the bot token is good');
  } catch (error) {
    const word = slackWord(error);
    if (word !== null && toDeliveryError(error).code === 'slack_forbidden') {
      throw new ConfigError([`SLACK_BOT_TOKEN: expected a token that Slack takes, got one that it calls ${word}.`]);
    }
    logger.warn({ err: error }, 'Slack could not be asked about the bot token; it will be asked again');
  }
}

function notInstalled(team: string): DeliveryError {
  return new DeliveryError('slack_not_installed', `The bot is not installed in the workspace ${team}.`);
}
