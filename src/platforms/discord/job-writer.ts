import type { Job, JobId } from '../../jobs/job.ts';
import type { DiscordApi } from './api.ts';
import { troubleOf } from './errors.ts';
import type { OutgoingMessage } from './outgoing.ts';
import { type Place, readPlace } from './place.ts';

interface WriteOptions {
  readonly signal?: AbortSignal;
}

/** Changes the message that shows a job. */
export interface JobWriter {
  placeOf(job: Job): Place;
  /** The job is shown in another message than its `ReplyTo` says, which may have been read before. */
  move(job: Job, reference: string): void;
  /** Returns the message's id; null where there is no message to change. Errors are discord.js's own. */
  edit(job: Job, message: OutgoingMessage, options?: WriteOptions): Promise<string | null>;
  forget(id: JobId): void;
}

/** Each process writes the first time through the interaction, which ends its "thinking"; then as the bot itself. */
export function createJobWriter(api: DiscordApi, clock: () => number): JobWriter {
  const moved = new Map<JobId, string>();
  const answered = new Set<JobId>();

  const placeOf = (job: Job): Place => {
    const message = moved.get(job.id) ?? job.replyTo.message;
    return readPlace({ ...job.replyTo, message }, clock());
  };

  return {
    placeOf,
    move: (job, reference) => void moved.set(job.id, reference),
    async edit(job, content, options = {}) {
      const { channel, message, isVisible, answer } = placeOf(job);
      const asBot =
        isVisible && message !== null ? async () => (await api.edit(channel, message, content, options)).id : null;
      const throughAnswer =
        answer === null ? null : async () => (await api.editAnswer(answer.token, content, options)).id;
      const [first, second] = answered.has(job.id) ? [asBot, throughAnswer] : [throughAnswer, asBot];
      const way = first ?? second;
      if (way === null) return null;
      try {
        const id = await way();
        if (way === throughAnswer) answered.add(job.id);
        return id;
      } catch (error) {
        // A token may go bad before its time, and a channel may be closed to the bot: the other way is still open.
        const isClosed = ['answer_expired', 'no_access'].includes(troubleOf(error));
        if (!isClosed || way === second || second === null) throw error;
        if (way === throughAnswer) answered.add(job.id);
        return second();
      }
    },
    forget(id) {
      moved.delete(id);
      answered.delete(id);
    },
  };
}
