import type { Logger } from 'pino';
import type { Reply } from '../../../commands/define-command.ts';
import type { Job, Requester } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { isUnfinished } from '../../jobs/transitions.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import { type MessageContent, mrkdwn, renderText } from './blocks.ts';
import { isUnreachable, slackWord, toDeliveryError } from './errors.ts';
import { renderGallery } from './gallery.ts';
import type { JobMessages } from './job-message.ts';
import type { Place } from './place.ts';
import { removeMessages } from './removal.ts';
import { respond } from './respond.ts';
import type { Workspace } from './workspaces.ts';

/** Somebody who asked for something, and how to reach them. */
export interface Asker {
  readonly workspace: Workspace;
  readonly requester: Requester;
  readonly place: Place;
  /** Good for five private answers within half an hour; null where the event brought none. */
  readonly responseUrl: string | null;
  /** The message whose button was pressed. */
  readonly pressed: string | null;
}

export interface AnswersOptions {
  readonly jobs: Jobs;
  readonly messages: JobMessages;
  /** Called before a job is cancelled of whose end nobody has to be told. */
  readonly withdraw: (job: Job) => void;
  readonly logger: Logger;
}

export interface Answers {
  /** Shows what a command answered. */
  show(reply: Reply, asker: Asker): Promise<void>;
  /** Says something that only the asker sees; never throws. */
  privately(content: MessageContent, asker: Asker): Promise<void>;
}

export function createAnswers({ jobs, messages, withdraw, logger }: AnswersOptions): Answers {
  async function showJob({ job, standing, notes }: Extract<Reply, { kind: 'job' }>, asker: Asker): Promise<void> {
    // The same event once more: whatever there is to see of that job is seen already.
    if (!isUnfinished(job)) return;
    try {
      const shown =
        standing === null
          ? ({ phase: 'waiting', place: 1, waiting: 1, secondsLeft: null, pausedBecause: null } as const)
          : ({ phase: 'waiting', ...standing } as const);
      await messages.announce(job, shown, notes);
    } catch (error) {
      if (isUnreachable(error)) return refuse(job, error, asker);
      // The job is accepted and its pictures will come; the message is posted with its progress.
      logger.warn({ err: error, jobId: job.id }, 'the message of a job could not be posted yet');
    }
  }

  async function refuse(job: Job, error: unknown, asker: Asker): Promise<void> {
    withdraw(job);
    await jobs.cancel(job.id, asker.requester);
    const { refusal } = slackMessagesFor(asker.requester.locale);
    const isClosed =
      slackWord(error) === 'is_archived' ||
      slackWord(error) === 'is_inactive' ||
      slackWord(error)?.startsWith('restricted_action') === true;
    const text = isClosed ? refusal.archived : refusal.invite(asker.workspace.botUserId);
    await privately({ text, blocks: [mrkdwn(text)] }, asker);
  }

  async function privately(content: MessageContent, asker: Asker): Promise<void> {
    const { workspace, requester, place, responseUrl } = asker;
    try {
      if (responseUrl !== null && (await respond(responseUrl, content, place.thread))) return;
      const thread = place.thread === null ? {} : { thread_ts: place.thread };
      await workspace.write.chat
        .postEphemeral({ channel: place.channel, user: requester.userId, ...thread, ...content })
        .catch(async (error: unknown) => {
          if (!isUnreachable(error) && slackWord(error) !== 'user_not_in_channel') throw error;
          // Nowhere to whisper: a conversation with the bot is as private.
          await workspace.write.chat.postMessage({ channel: requester.userId, ...content });
        });
    } catch (error) {
      logger.warn({ err: toDeliveryError(error) }, 'a private answer could not be given');
    }
  }

  return {
    privately,
    async show(reply, asker) {
      switch (reply.kind) {
        case 'job':
          return showJob(reply, asker);
        case 'text':
        case 'queue':
        case 'details':
          return privately(renderText(reply.text), asker);
        case 'gallery':
          return privately(renderGallery(reply, asker), asker);
        case 'deleted':
          await removeMessages(reply.job, asker).catch((error: unknown) =>
            logger.warn({ err: error, jobId: reply.job.id }, 'not all messages of a deleted job could be removed'),
          );
          return privately(renderText(reply.text), asker);
        default:
          return reply satisfies never;
      }
    },
  };
}
