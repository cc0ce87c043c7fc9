import {
  type APIApplication,
  type APIInteraction,
  ApplicationFlags,
  type Client,
  GatewayDispatchEvents,
  GatewayIntentBits,
  type GatewayMessageCreateDispatchData,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import { commands } from '../../../commands/index.ts';
import type { ButtonIds } from '../button-id.ts';
import type { ChatPlatform } from '../chat-platform.ts';
import { createDiscordApi } from './api.ts';
import { connect, createClient, createRest, watchConnection } from './client.ts';
import { renderDiscordCommands } from './commands-render.ts';
import { createEndingDelivery } from './delivery.ts';
import type { DiscordConfig } from './discord-parts.ts';
import { troubleOf } from './errors.ts';
import { createExistingMessages } from './existing-messages.ts';
import { createInteractions } from './interactions.ts';
import { createJobWriter } from './job-writer.ts';
import { createKnownLocales } from './known-locales.ts';
import { createMessageRequests } from './message-requests.ts';
import { createProgressBoard } from './progress-board.ts';
import { isDifferent, registerCommands } from './registration.ts';
import { startError } from './start-error.ts';
import { watchUnfinishedJobs } from './unfinished-jobs.ts';

export interface DiscordPlatformOptions {
  readonly config: DiscordConfig;
  readonly services: CommandServices;
  readonly ids: ButtonIds;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** The bot on Discord. */
export function createDiscordPlatform(options: DiscordPlatformOptions): ChatPlatform {
  const { config, services, ids, clock } = options;
  const logger = options.logger.child({ platform: 'discord' });
  const { jobs } = services;
  const rest = createRest(config);
  let application: APIApplication | null = null;
  let client: Client | null = null;
  let closing: Promise<void> | null = null;
  const underWay = new Set<Promise<void>>();

  const applicationId = (): string => {
    if (application === null) throw new TypeError('Expected the platform to be started before it is used');
    return application.id;
  };
  const api = createDiscordApi(rest, applicationId);
  const writer = createJobWriter(api, clock);
  const board = createProgressBoard({ api, writer, ids, jobs, logger, clock });
  const unfinished = watchUnfinishedJobs(jobs);
  const locales = createKnownLocales();
  const existing = createExistingMessages(api, ids);
  const engine = () => services.engine;
  const deliver = createEndingDelivery({ api, writer, existing, ids, jobs, engine, logger });

  /** An event is handled to its end, whatever happens: an error is for the log. */
  const handle = <Event>(work: (event: Event) => Promise<void>) => {
    return (event: Event): void => {
      if (closing !== null) return;
      const running = work(event)
        .catch((error: unknown) => logger.error({ err: error, trouble: troubleOf(error) }, 'an event was not answered'))
        .finally(() => underWay.delete(running));
      underWay.add(running);
    };
  };

  async function register(): Promise<void> {
    const difference = await registerCommands({
      rest,
      applicationId: applicationId(),
      guild: config.DISCORD_GUILD_ID,
      commands: renderDiscordCommands(commands),
    });
    if (isDifferent(difference)) logger.info(difference, 'commands registered');
  }

  return {
    name: 'discord',
    async start() {
      try {
        // What Discord documents for this address.
        application = (await rest.get(Routes.currentApplication())) as APIApplication;
        await register();
      } catch (error) {
        throw startError(error, config);
      }
      client = createClient(config, intentsFor(application));
      const admins = adminsIn(config);
      const parts = { config, api, client, ids, services, board, unfinished, locales, admins, logger, clock };
      const onInteraction = handle(createInteractions(parts));
      client.ws.on(GatewayDispatchEvents.InteractionCreate, (event: APIInteraction) => onInteraction(event));
      const onMessage = handle(createMessageRequests(parts));
      client.ws.on(GatewayDispatchEvents.MessageCreate, (event: GatewayMessageCreateDispatchData) => onMessage(event));
      try {
        await connect(client, config.DISCORD_TOKEN);
      } catch (error) {
        await client.destroy();
        throw startError(error, config);
      }
      watchConnection(client, logger);
    },
    showProgress: board.show,
    async deliver(job, { signal }) {
      signal.throwIfAborted();
      await board.end(job.id);
      return deliver(job, signal);
    },
    close() {
      closing ??= (async () => {
        unfinished.close();
        await client?.destroy();
        await Promise.all(underWay);
        await board.close();
      })();
      return closing;
    },
  };
}

function adminsIn({ ADMIN_USERS }: DiscordConfig): ReadonlySet<string> {
  const own = 'discord:';
  return new Set(ADMIN_USERS.filter((user) => user.startsWith(own)).map((user) => user.slice(own.length)));
}

/** What people write is read only where the operator has switched that on; mentions and replies work without. */
function intentsFor({ flags }: APIApplication): readonly GatewayIntentBits[] {
  const mayRead = ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
  return [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.DirectMessages,
    ...((flags ?? 0) & mayRead ? [GatewayIntentBits.MessageContent] : []),
  ];
}
