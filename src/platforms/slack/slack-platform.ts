import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import { type ButtonIds } from '../button-id.ts';
import type { ChatPlatform } from '../chat-platform.ts';
import { createAnswers } from './answers.ts';
import { createBoltApp } from './app.ts';
import { createSlackDelivery } from './delivery.ts';
import { createDuplicates } from './duplicates.ts';
import { createHttpReceiver } from './http-receiver.ts';
import { createInvoker } from './invoker.ts';
import { createJobMessages } from './job-message.ts';
import { listenToButtons } from './listen-to-buttons.ts';
import { listenToCommands } from './listen-to-commands.ts';
import { listenToForms } from './listen-to-forms.ts';
import { listenToHome } from './listen-to-home.ts';
import { listenToMessages } from './listen-to-messages.ts';
import { createPeople } from './people.ts';
import { createSocketReceiver } from './socket-receiver.ts';
import type { ShareTimes } from './upload.ts';
import { checkToken, createSingleWorkspace } from './workspaces.ts';

export interface SlackPlatformOptions {
  readonly services: CommandServices;
  /** The bot's token for its one workspace. */
  readonly botToken: string;
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

/** Slack, by Socket Mode or HTTP. */
export function createSlackPlatform(options: SlackPlatformOptions): ChatPlatform & { readonly routes: Hono | null } {
  const { services, apiUrl, clock, ids, soleProcess } = options;
  const logger = options.logger.child({ part: 'slack' });
  const workspaces = createSingleWorkspace(options.botToken, { apiUrl, logger });
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

  let stopListening: (() => void) | null = null;

  return {
    name: 'slack',
    routes: http?.routes ?? null,
    async start() {
      await checkToken(workspaces, logger);
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
