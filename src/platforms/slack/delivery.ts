import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import { DeliveryError } from '../../errors.ts';
import type { DrawnJob, Job, JobId } from '../../jobs/job.ts';
import { shownPictures } from '../../jobs/showing.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import type { DeliveryReceipt, JobEnding } from '../chat-platform.ts';
import { renderResultMessage } from './blocks.ts';
import { isUnreachable, slackWord, toDeliveryError } from './errors.ts';
import { clockSlackMs, findNote, readNote } from './history.ts';
import { type JobMessages, placeOf, postMessage } from './job-message.ts';
import type { MessageNote } from './metadata.ts';
import { whenAllowed } from './patience.ts';
import type { Place } from './place.ts';
import { awaitShare, removeFiles, type ShareTimes, shareFiles, uploadPictures } from './upload.ts';
import type { Workspace, Workspaces } from './workspaces.ts';

export interface SlackDeliveryOptions {
  readonly services: CommandServices;
  readonly workspaces: Workspaces;
  readonly messages: JobMessages;
  /** No other process can have begun to tell the ending of a job that was announced here. */
  readonly soleProcess: boolean;
  readonly share?: ShareTimes;
  readonly logger: Logger;
}

/** What is known of an ending that may have been told, in part, before. */
interface Told {
  /** The job's message; null where there is none (any more). */
  readonly ts: string | null;
  readonly note: Omit<MessageNote, 'job'>;
  /** Whether an earlier attempt may have got further than the note says. */
  readonly isRepeated: boolean;
}

const maxRemembered = 1_000;
/** A share that never comes about is tried once more with the pictures uploaded anew. */
const maxShares = 2;

/** Tells how jobs ended; finds out from Slack itself what was told before. */
export function createSlackDelivery(options: SlackDeliveryOptions) {
  const { services, workspaces, messages, logger } = options;
  const receipts = new Map<JobId, DeliveryReceipt>();
  const attempted = new Set<JobId>();
  const moved = new Set<JobId>();

  async function recall(workspace: Workspace, job: Job, place: Place): Promise<Told> {
    // What was posted where the job was asked for is of no use in another place.
    const here = moved.has(job.id) ? null : messages.postedHere(job.id);
    const isFresh = options.soleProcess && here !== null && !attempted.has(job.id);
    if (isFresh) return { ts: here, note: { part: 'job' }, isRepeated: false };
    const known = here ?? job.replyTo.message;
    try {
      if (known === null) {
        const found = await findNote(workspace, place, {
          job: job.id,
          part: 'job',
          sinceMs: job.createdAt - clockSlackMs,
        });
        return { ts: found?.ts ?? null, note: found?.note ?? { part: 'job' }, isRepeated: true };
      }
      const note = await readNote(workspace, place, known);
      return { ts: note === null ? null : known, note: note ?? { part: 'job' }, isRepeated: true };
    } catch (error) {
      if (slackWord(error) !== 'missing_scope') throw error;
      logger.warn({ err: error, jobId: job.id }, 'without the history scopes a crash may make the bot tell twice');
      return { ts: known, note: { part: 'job' }, isRepeated: false };
    }
  }

  async function tellPlainly(workspace: Workspace, job: JobEnding, place: Place): Promise<DeliveryReceipt> {
    const { ts, isRepeated } = await recall(workspace, job, place);
    if (ts !== null && (await messages.update(workspace, job, ts, { phase: 'ended' }, { part: 'job' }))) {
      return { message: ts };
    }
    // Whoever removed the message of a job that was cancelled wants to hear no more of it.
    if (job.state === 'cancelled' && isRepeated && job.replyTo.message !== null) return { message: null };
    return { message: await messages.post(workspace, job, place, { phase: 'ended' }) };
  }

  async function tellWithPictures(
    workspace: Workspace,
    job: DrawnJob,
    place: Place,
    signal: AbortSignal,
  ): Promise<DeliveryReceipt> {
    const told = await recall(workspace, job, place);
    if (told.note.buttons !== undefined && told.note.pictures !== undefined) return { message: told.note.pictures };
    const ts = told.ts ?? (await messages.post(workspace, job, place, { phase: 'uploading' }));
    const { files, pictures } = await showPictures(workspace, job, place, { ...told, ts }, signal);
    const buttons = await showButtons(workspace, job, place, { files, pictures, parent: ts }, told.isRepeated);
    await finish(workspace, job, ts, { part: 'job', files, pictures, buttons });
    return { message: pictures };
  }

  async function showPictures(
    workspace: Workspace,
    job: DrawnJob,
    place: Place,
    { ts, note: before }: Told & { readonly ts: string },
    signal: AbortSignal,
  ): Promise<{ readonly files: readonly string[]; readonly pictures: string }> {
    const wait = { ...options.share, signal };
    if (before.files !== undefined) {
      const pictures = await awaitShare(workspace, place.channel, before.files, wait);
      if (pictures !== null) return { files: before.files, pictures };
      // Never to be shown, so that those that follow are the only ones.
      await removeFiles(workspace, before.files);
    }
    for (let round = 0; round < maxShares; round++) {
      const outgoing = await outgoingPictures(job);
      const files = await uploadPictures(workspace, outgoing, signal);
      signal.throwIfAborted();
      // Before they are shared: whoever comes after a crash has to know which they were.
      const note = { part: 'job', files } as const;
      await whenAllowed(() => messages.update(workspace, job, ts, { phase: 'uploading' }, note), signal);
      await shareFiles(
        workspace,
        place,
        files.map((id, index) => ({ id, title: outgoing[index]?.title ?? id })),
      );
      const pictures = await awaitShare(workspace, place.channel, files, wait);
      if (pictures !== null) return { files, pictures };
      logger.warn({ jobId: job.id, files }, 'Slack took the pictures but did not show them');
      await removeFiles(workspace, files);
    }
    throw new DeliveryError('slack_not_shown', 'Expected Slack to show the pictures that it took, it did not.', {
      retryable: true,
    });
  }

  async function outgoingPictures(job: DrawnJob) {
    const pictures = shownPictures(job);
    const pngs = await Promise.all(pictures.map(({ picture }) => services.jobs.readPicture(picture.key)));
    return pictures.map(({ picture: { altText, seed }, index }, at) => {
      const png = pngs[at] ?? null;
      if (png === null) {
        throw new DeliveryError(
          'picture_gone',
          `Expected picture ${index + 1} to be kept until it is shown, got none.`,
        );
      }
      const number = index + 1;
      return { filename: `quartet-${job.id.slice(0, 8)}-${number}.png`, title: `${number} (${seed})`, altText, png };
    });
  }

  async function showButtons(
    workspace: Workspace,
    job: DrawnJob,
    place: Place,
    shown: { readonly files: readonly string[]; readonly pictures: string; readonly parent: string },
    isRepeated: boolean,
  ): Promise<string> {
    if (isRepeated) {
      const sinceMs = Number(shown.pictures) * 1_000 - clockSlackMs;
      const found = await findNote(workspace, place, { job: job.id, part: 'buttons', sinceMs });
      if (found !== null) return found.ts;
    }
    const content = renderResultMessage(job, await messages.surroundingsOf(job, workspace));
    return postMessage(workspace, place, content, { ...shown, job: job.id, part: 'buttons' });
  }

  /** The pictures and the buttons are there: that the message above still says so is no reason to tell it all again. */
  async function finish(
    workspace: Workspace,
    job: DrawnJob,
    ts: string,
    note: Omit<MessageNote, 'job'>,
  ): Promise<void> {
    try {
      await messages.update(workspace, job, ts, { phase: 'ended' }, note);
    } catch (error) {
      logger.warn({ err: error, jobId: job.id }, 'the message of a finished job is edited later');
      messages.updateLater(job, ts, { phase: 'ended' }, note);
    }
  }

  function tell(workspace: Workspace, job: JobEnding, place: Place, signal: AbortSignal): Promise<DeliveryReceipt> {
    const hasSomething = job.state === 'drawn' && shownPictures(job).length > 0;
    return hasSomething ? tellWithPictures(workspace, job, place, signal) : tellPlainly(workspace, job, place);
  }

  /** The place is gone or closed to the bot: the asker is told in a conversation of their own. */
  async function tellInstead(workspace: Workspace, job: JobEnding, signal: AbortSignal): Promise<DeliveryReceipt> {
    const { channel } = await workspace.write.conversations.open({ users: job.requester.userId });
    const id = channel?.id;
    if (id === undefined) throw new Error('Expected Slack to open a conversation, got none.');
    const { instead } = slackMessagesFor(job.requester.locale);
    messages.addNote(job.id, instead.private(job.replyTo.channel));
    moved.add(job.id);
    const replyTo = { ...job.replyTo, channel: id, thread: null, message: null };
    return tell(workspace, { ...job, replyTo }, { team: workspace.team, channel: id, thread: null }, signal);
  }

  return {
    /** Not to be told at all: the asker knows that their job was refused. */
    withdraw(id: JobId): void {
      receipts.set(id, { message: null });
    },

    async deliver(job: JobEnding, { signal }: { readonly signal: AbortSignal }): Promise<DeliveryReceipt> {
      signal.throwIfAborted();
      const known = receipts.get(job.id);
      if (known !== undefined) return known;
      await messages.settle(job);
      try {
        const workspace = await workspaces.of(job.replyTo.workspace);
        const receipt = await tell(workspace, job, placeOf(job, workspace), signal).catch((error: unknown) => {
          if (isUnreachable(error) && !job.replyTo.channel.startsWith('D')) {
            logger.warn({ err: error, jobId: job.id }, 'a channel cannot be written to, its asker is told directly');
            return tellInstead(workspace, job, signal);
          }
          throw error;
        });
        remember(job.id, receipt);
        messages.forget(job.id);
        attempted.delete(job.id);
        moved.delete(job.id);
        return receipt;
      } catch (error) {
        attempted.add(job.id);
        signal.throwIfAborted();
        throw toDeliveryError(error);
      }
    },
  };

  function remember(id: JobId, receipt: DeliveryReceipt): void {
    receipts.set(id, receipt);
    const [oldest] = receipts.keys();
    if (receipts.size > maxRemembered && oldest !== undefined) receipts.delete(oldest);
  }
}
