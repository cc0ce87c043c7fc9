import type { Client } from 'discord.js';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { Config } from '../../config.ts';
import type { ButtonIds } from '../button-id.ts';
import type { DiscordApi } from './api.ts';
import type { KnownLocales } from './known-locales.ts';
import type { ProgressBoard } from './progress-board.ts';
import type { UnfinishedJobs } from './unfinished-jobs.ts';

/** The settings that this platform reads. */
export type DiscordConfig = Pick<
  Config,
  'DISCORD_GUILD_ID' | 'DISCORD_CHANNELS' | 'DISCORD_API_URL' | 'DISCORD_CDN_URL' | 'ADMIN_USERS'
> & { readonly DISCORD_TOKEN: string };

/** What those who answer people have in common. */
export interface DiscordParts {
  readonly config: DiscordConfig;
  readonly api: DiscordApi;
  /** For what it knows of channels. */
  readonly client: Client;
  readonly ids: ButtonIds;
  readonly services: CommandServices;
  readonly board: ProgressBoard;
  readonly unfinished: UnfinishedJobs;
  readonly locales: KnownLocales;
  /** User ids. */
  readonly admins: ReadonlySet<string>;
  readonly logger: Logger;
  readonly clock: () => number;
}
