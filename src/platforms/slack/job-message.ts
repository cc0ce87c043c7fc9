import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { Job, JobId } from '../../jobs/job.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import type { ButtonIds } from '../button-id.ts';
import type { JobProgress } from '../chat-platform.ts';
import { createEditBudget } from '../edit-budget.ts';
import { withAccess } from './access.ts';
import { type JobSurroundings, type MessageContent, renderJobMessage, type Shown } from './blocks.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import { toMrkdwn } from './escape.ts';
import { clockSlackMs, findNote } from './history.ts';
import { slackLimits } from './limits.ts';
import { type MessageNote, toMetadata } from './metadata.ts';
import { whenAllowed } from './patience.ts';
import { messageLink, type Place } from './place.ts';
import type { Workspace, Workspaces } from './workspaces.ts';

export interface JobMessagesOptions {
  readonly services: CommandServices;
  readonly workspaces: Workspaces;
  readonly ids: ButtonIds;
  /** No other process can have posted the message of a job of which this one knows none. */
  readonly soleProcess: boolean;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** The one message that each job has, from its acceptance to its end. */
export interface JobMessages {
  /** A job was accepted here and will be announced: its ending waits for that. */
  expect(id: JobId): void;
  /** Post it where the job was asked for, unless that was done. `notes` are Markdown. Throws `DeliveryError`. */
  announce(job: Job, shown: Shown, notes: readonly string[]): Promise<string>;
  /** Post it in any case. Throws `DeliveryError`. */
  post(workspace: Workspace, job: Job, place: Place, shown: Shown): Promise<string>;
  /** Edit it when the workspace's budget allows; never throws. */
  show(job: Job, progress: JobProgress): void;
  /** Let no edit that waits or is under way come after what is done next. */
  settle(job: Job): Promise<void>;
  /** Edit it now. False where the message is gone. Throws `DeliveryError`. */
  update(workspace: Workspace, job: Job, ts: string, shown: Shown, note: Note): Promise<boolean>;
  updateLater(job: Job, ts: string, shown: Shown, note: Note): void;
  /** The `ts`, where this process posted it. */
  postedHere(id: JobId): string | null;
  /** A line in Slack's markup, to stand in the message from now on. */
  addNote(id: JobId, line: string): void;
  surroundingsOf(job: Job, workspace: Workspace): Promise<JobSurroundings>;
  forget(id: JobId): void;
  close(): Promise<void>;
}

type Note = Omit<MessageNote, 'job'>;

interface Remembered {
  expected: PromiseWithResolvers<void> | null;
  announced: Promise<string> | null;
  ts: string | null;
  notes: readonly string[];
}

/** Longest time between accepting a job and saying so: looking up who asked, and Slack's answer. */
const announceMs = 10_000;
/** More jobs than this are not waiting for their pictures in one process. */
const maxRemembered = 5_000;

/** Slack's words for a message that cannot be edited: it was removed, or the workspace lets nobody edit (any more). */
const notEditable = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

export function createJobMessages(options: JobMessagesOptions): JobMessages {
  const { services, workspaces, ids, logger, clock } = options;
  const remembered = new Map<JobId, Remembered>();
  const threadsTold = new Set<JobId>();
  let isClosed = false;
  const budget = createEditBudget({
    ...slackLimits.edits,
    onError: (error, id) => logger.warn({ err: error, jobId: id }, 'progress could not be shown'),
    clock,
  });

  function entryOf(id: JobId): Remembered {
    const known = remembered.get(id);
    if (known !== undefined) return known;
    const entry: Remembered = { expected: null, announced: null, ts: null, notes: [] };
    remembered.set(id, entry);
    const [oldest] = remembered.keys();
    if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
    return entry;
  }

  async function post(workspace: Workspace, job: Job, place: Place, shown: Shown): Promise<string> {
    const content = renderJobMessage(job, shown, await surroundingsOf(job, workspace));
    return postMessage(workspace, place, content, { job: job.id, part: 'job' });
  }

  async function announce(job: Job, shown: Shown): Promise<string> {
    const workspace = await workspaces.of(job.replyTo.workspace);
    const ts = await post(workspace, job, placeOf(job, workspace), shown);
    await services.jobs.setReplyMessage(job.id, ts).catch((error: unknown) => {
      // It is found again by its note.
      logger.warn({ err: error, jobId: job.id }, 'the message of a job could not be remembered');
    });
    return ts;
  }

  async function surroundingsOf(job: Job, workspace: Workspace): Promise<JobSurroundings> {
    const notes = remembered.get(job.id)?.notes ?? [];
    return { ids, engine: services.engine, notes, origin: await originOf(job, workspace) };
  }

  async function originOf(job: Job, workspace: Workspace): Promise<string | null> {
    const from = job.request.derivedFrom;
    const source = from === null ? null : await services.jobs.get(from.job).catch(() => null);
    if (source === null) return null;
    const { channel, thread, message } = source.replyTo;
    const ts = (source.state === 'delivered' ? source.message : null) ?? message;
    return ts === null ? null : messageLink(workspace.url, channel, ts, thread);
  }

  /** Posts it where that did not work before, or where a crash came between accepting the job and saying so. */
  async function messageOf(job: Job, shown: Shown): Promise<string | null> {
    const entry = remembered.get(job.id);
    if (entry?.announced) return entry.announced;
    // The job may have been read before its message was remembered.
    const kept = job.replyTo.message ?? (await services.jobs.get(job.id))?.replyTo.message ?? null;
    if (kept !== null || entry?.expected || !options.soleProcess) return kept;
    const workspace = await workspaces.of(job.replyTo.workspace);
    const wanted = { job: job.id, part: 'job', sinceMs: job.createdAt - clockSlackMs } as const;
    const found = await findNote(workspace, placeOf(job, workspace), wanted);
    return found?.ts ?? announceOnce(job, shown);
  }

  async function edit(job: Job, shown: Shown): Promise<void> {
    const ts = await messageOf(job, shown);
    if (ts === null) return;
    await update(await workspaces.of(job.replyTo.workspace), job, ts, shown, { part: 'job' });
  }

  async function update(workspace: Workspace, job: Job, ts: string, shown: Shown, note: Note): Promise<boolean> {
    const content = renderJobMessage(job, shown, await surroundingsOf(job, workspace));
    const metadata = toMetadata({ ...note, job: job.id });
    try {
      await workspace.write.chat.update({ channel: job.replyTo.channel, ts, ...content, metadata });
      return true;
    } catch (error) {
      if (notEditable.has(slackWord(error) ?? '')) return false;
      throw toDeliveryError(error);
    }
  }

  /** A thread shows beside the bot's name that it is busy; that goes away with its next message. */
  async function setStatus(job: Job): Promise<void> {
    const { thread, channel, workspace } = job.replyTo;
    if (thread === null || threadsTold.has(job.id)) return;
    threadsTold.add(job.id);
    const { write } = await workspaces.of(workspace);
    const { status } = slackMessagesFor(job.requester.locale);
    await write.assistant.threads.setStatus({ channel_id: channel, thread_ts: thread, status: status.drawing });
  }

  function announceOnce(job: Job, shown: Shown): Promise<string> {
    const entry = entryOf(job.id);
    if (entry.announced !== null) return entry.announced;
    const announced = announce(job, shown);
    entry.announced = announced;
    entry.expected?.resolve();
    entry.expected = null;
    announced.then(
      (ts) => {
        entry.ts = ts;
      },
      () => {
        entry.announced = null;
      },
    );
    return announced;
  }

  return {
    expect(id) {
      entryOf(id).expected ??= Promise.withResolvers();
    },
    announce(job, shown, notes) {
      if (job.replyTo.message !== null) return Promise.resolve(job.replyTo.message);
      const entry = entryOf(job.id);
      if (entry.announced === null) entry.notes = [...entry.notes, ...notes.map(toMrkdwn)];
      return announceOnce(job, shown);
    },
    post,
    show(job, progress) {
      if (isClosed) return;
      budget.put(job.replyTo.workspace ?? '', job.id, () => edit(job, progress));
      if (progress.phase !== 'drawing') return;
      setStatus(job).catch((error: unknown) => logger.debug({ err: error, jobId: job.id }, 'no status in this thread'));
    },
    async settle(job) {
      await budget.settle(job.id);
      const entry = remembered.get(job.id);
      if (entry?.expected) {
        await Promise.race([entry.expected.promise, delay(announceMs, undefined, { ref: false })]);
      }
      await entry?.announced?.catch(() => undefined);
    },
    update,
    updateLater(job, ts, shown, note) {
      if (isClosed) return;
      budget.put(job.replyTo.workspace ?? '', job.id, async () => {
        await update(await workspaces.of(job.replyTo.workspace), job, ts, shown, note);
      });
    },
    postedHere: (id) => remembered.get(id)?.ts ?? null,
    addNote(id, line) {
      const entry = entryOf(id);
      entry.notes = [...entry.notes, line];
    },
    surroundingsOf,
    forget(id) {
      remembered.delete(id);
      threadsTold.delete(id);
    },
    async close() {
      isClosed = true;
      await budget.close();
    },
  };
}

/** Where the message of a job stands. */
export function placeOf({ replyTo }: Job, workspace: Workspace): Place {
  return { team: workspace.team, channel: replyTo.channel, thread: replyTo.thread };
}

/** Posts a message with its note, joining a public channel first where that is what it takes. */
export async function postMessage(
  workspace: Workspace,
  { channel, thread }: Place,
  content: MessageContent,
  note: MessageNote,
): Promise<string> {
  const message = {
    channel,
    ...(thread === null ? {} : { thread_ts: thread }),
    ...content,
    metadata: toMetadata(note),
    unfurl_links: false,
    unfurl_media: false,
  };
  const { ts } = await whenAllowed(() =>
    withAccess(workspace, channel, () => workspace.write.chat.postMessage(message)),
  );
  if (ts === undefined) throw toDeliveryError(new Error('Expected Slack to say which message it posted.'));
  return ts;
}
