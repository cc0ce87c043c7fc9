import type { Job, JobId } from '../../jobs/job.ts';
import type { DiscordApi } from './api.ts';
import { troubleOf } from './errors.ts';
import { discordLimits } from './limits.ts';
import { timeOf } from './message-ids.ts';
import type { OutgoingMessage } from './outgoing.ts';
import { type AnswerToken, type Place, readPlace } from './place.ts';

interface WriteOptions {
  readonly signal?: AbortSignal;
}

/** Changes the message that shows a job. */
export interface JobWriter {
  placeOf(job: Job): Place;
  /** Whether Discord takes few edits of that message: it is older than an hour. */
  isOld(job: Job): boolean;
  /** The job is shown in another message than its `ReplyTo` says, which may have been read before. */
  move(job: Job, message: string): void;
  /** Null where there is no message to change. Errors are discord.js's own. */
  edit(job: Job, message: OutgoingMessage, options?: WriteOptions): Promise<Written | null>;
  /** Resolves when the job's message has been written once, or after a while. */
  shown(id: JobId): Promise<void>;
  forget(id: JobId): void;
}

/** A note that comes too early takes the place of the answer; one that never comes holds nobody up. */
const longestWaitMs = 10_000;
const maxShown = 1_000;

export interface Written {
  readonly message: string;
  /** The interaction has been answered by it: from now on the bot's own token does, where it reaches the channel. */
  readonly endsThinking: boolean;
}

/** Writes the first time through the interaction, which ends its "thinking"; then as the bot itself. */
export function createJobWriter(api: DiscordApi, clock: () => number): JobWriter {
  const moved = new Map<JobId, string>();
  // Kept when it is no longer needed in the first place: should the channel be closed to the bot, it is the other way.
  const answered = new Map<JobId, AnswerToken | null>();

  const waiting = new Map<JobId, PromiseWithResolvers<void>>();
  const shown = new Set<JobId>();
  const noticeShown = (id: JobId): void => {
    shown.add(id);
    const [oldest] = shown;
    if (shown.size > maxShown && oldest !== undefined) shown.delete(oldest);
    waiting.get(id)?.resolve();
    waiting.delete(id);
  };

  const placeOf = (job: Job): Place => {
    const place = readPlace(job.replyTo, clock());
    const message = moved.get(job.id) ?? place.message;
    const used = answered.get(job.id) ?? null;
    const answer = place.answer ?? (used !== null && used.expiresAt > clock() ? used : null);
    const isUnanswered = place.isUnanswered && !answered.has(job.id) && !moved.has(job.id);
    return { ...place, message, answer, isUnanswered };
  };

  return {
    placeOf,
    isOld(job) {
      const { message } = placeOf(job);
      return message !== null && clock() - timeOf(message) > discordLimits.oldMessageMs;
    },
    move: (job, message) => void moved.set(job.id, message),
    async edit(job, content, options = {}) {
      const { channel, message, isVisible, isUnanswered, answer } = placeOf(job);
      const asBot =
        isVisible && !isUnanswered && message !== null
          ? async () => (await api.edit(channel, message, content, options)).id
          : null;
      const throughAnswer =
        answer === null ? null : async () => (await api.editAnswer(answer.token, content, options)).id;
      const isFirst = !answered.has(job.id);
      const [way, other] = isFirst ? [throughAnswer ?? asBot, asBot] : [asBot ?? throughAnswer, throughAnswer];
      if (way === null) return null;
      try {
        const id = await way();
        noticeShown(job.id);
        if (way === throughAnswer) answered.set(job.id, answer);
        return { message: id, endsThinking: isFirst && way === throughAnswer && isVisible };
      } catch (error) {
        // A token may go bad before its time, and a channel may be closed to the bot: the other way is still open.
        const isClosed = ['answer_expired', 'no_access'].includes(troubleOf(error));
        if (!isClosed || way === other || other === null) throw error;
        if (way === throughAnswer) answered.set(job.id, answer);
        return { message: await other(), endsThinking: false };
      }
    },
    async shown(id) {
      if (shown.has(id)) return;
      const waiter = waiting.get(id) ?? Promise.withResolvers<void>();
      waiting.set(id, waiter);
      const timer = setTimeout(() => noticeShown(id), longestWaitMs);
      await waiter.promise;
      clearTimeout(timer);
    },
    forget(id) {
      noticeShown(id);
      moved.delete(id);
      answered.delete(id);
    },
  };
}
