import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { ButtonIds } from '../button-id.ts';
import type { ChatPlatform } from '../chat-platform.ts';
import { createAnswers } from './answers.ts';
import { createBoltApp } from './app.ts';
import { createSlackDelivery } from './delivery.ts';
import { createDuplicates } from './duplicates.ts';
import { createHttpReceiver } from './http-receiver.ts';
import { createInstallationBook, type InstallationShelf } from './installations.ts';
import { createInvoker } from './invoker.ts';
import { createJobMessages } from './job-message.ts';
import { listenToButtons } from './listen-to-buttons.ts';
import { listenToCommands } from './listen-to-commands.ts';
import { listenToForms } from './listen-to-forms.ts';
import { listenToHome } from './listen-to-home.ts';
import { listenToMessages } from './listen-to-messages.ts';
import { listenToRemoval } from './listen-to-removal.ts';
import { createOAuthRoutes } from './oauth-routes.ts';
import { createPeople } from './people.ts';
import { createSocketReceiver } from './socket-receiver.ts';
import type { ShareTimes } from './upload.ts';
import { checkToken, createInstalledWorkspaces, createSingleWorkspace, joinWorkspaces } from './workspaces.ts';

export interface SlackPlatformOptions {
  readonly services: CommandServices;
  /** The bot's token for its one workspace; null where people install it themselves. */
  readonly botToken: string | null;
  /** HTTP mode: lets people of any workspace install the bot. */
  readonly install: InstallOptions | null;
  /** Socket Mode. */
  readonly appToken: string | null;
  /** HTTP mode: mount `routes`. */
  readonly signingSecret: string | null;
  readonly apiUrl: string;
  /** Channels in which it draws; empty for all. */
  readonly channels: readonly string[];
  /** As in `slack:U123`. */
  readonly admins: readonly string[];
  readonly ids: ButtonIds;
  /** No other process tells endings of the same jobs. */
  readonly soleProcess: boolean;
  readonly share?: ShareTimes;
  readonly logger: Logger;
  readonly clock: () => number;
}

export interface InstallOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly shelf: InstallationShelf;
  /** What tokens are sealed with, at rest. */
  readonly secret: Uint8Array;
}

/** Slack, by Socket Mode or HTTP. */
export function createSlackPlatform(options: SlackPlatformOptions): ChatPlatform & { readonly routes: Hono | null } {
  const { services, apiUrl, clock, ids, soleProcess } = options;
  const logger = options.logger.child({ part: 'slack' });
  const { workspaces, book, installRoutes } = createWorkspaces(options, logger);
  const messages = createJobMessages({ services, workspaces, ids, soleProcess, logger, clock });
  const share = options.share === undefined ? {} : { share: options.share };
  const delivery = createSlackDelivery({ services, workspaces, messages, soleProcess, logger, ...share });
  const people = createPeople({ workspaces, admins: options.admins, logger, clock });
  const answers = createAnswers({ jobs: services.jobs, messages, withdraw: ({ id }) => delivery.withdraw(id), logger });
  const invoker = createInvoker({ services, workspaces, people, answers, channels: options.channels, logger });
  const duplicates = createDuplicates(clock);

  const http =
    options.signingSecret !== null && options.appToken === null
      ? createHttpReceiver({ signingSecret: options.signingSecret, logger, clock })
      : null;
  const receiver = http ?? createSocketReceiver({ appToken: options.appToken ?? '', apiUrl, logger });
  const app = createBoltApp(receiver, apiUrl, logger);
  listenToCommands(app, { invoker });
  listenToMessages(app, { invoker, services, duplicates, apiUrl });
  listenToButtons(app, { invoker, services, ids, duplicates });
  listenToForms(app, { invoker, services, ids, duplicates, apiUrl });
  listenToHome(app, { invoker, services, ids });
  listenToRemoval(app, { workspaces, book, logger });
  if (installRoutes !== null) http?.routes.route('/', installRoutes);

  let stopListening: (() => void) | null = null;

  return {
    name: 'slack',
    routes: http?.routes ?? null,
    async start() {
      if (options.botToken !== null) await checkToken(workspaces, logger);
      stopListening ??= services.jobs.subscribe(({ type, job }) => {
        // Before anything draws it: its ending must not overtake the message that says that it was accepted.
        const isNew = job.state === 'queued' && job.attempt === 0 && job.replyTo.message === null;
        if (type === 'state' && isNew && job.replyTo.platform === 'slack') messages.expect(job.id);
      });
      await app.start();
    },
    showProgress: (job, progress) => messages.show(job, progress),
    deliver: (job, how) => delivery.deliver(job, how),
    async close() {
      stopListening?.();
      stopListening = null;
      await app.stop();
      await messages.close();
    },
  };
}

function createWorkspaces({ botToken, install, apiUrl, clock }: SlackPlatformOptions, logger: Logger) {
  const single = botToken === null ? null : createSingleWorkspace(botToken, { apiUrl, logger });
  if (install === null) {
    if (single === null) throw new TypeError('Expected a bot token or a way to install the bot, got neither.');
    return { workspaces: single, book: null, installRoutes: null };
  }
  const { clientId, clientSecret, shelf, secret } = install;
  const book = createInstallationBook(shelf, secret, logger);
  const installed = createInstalledWorkspaces(book, { apiUrl, logger });
  const workspaces = single === null ? installed : joinWorkspaces(single, installed);
  const oauth = { clientId, clientSecret, apiUrl, book, workspaces, secret, logger, clock };
  return { workspaces, book, installRoutes: createOAuthRoutes(oauth) };
}
