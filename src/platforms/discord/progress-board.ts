import type { Logger } from 'pino';
import type { RgbPicture } from '../../engines/image-engine.ts';
import type { Job, JobId } from '../../jobs/job.ts';
import type { Jobs, Standing } from '../../jobs/jobs.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import type { ButtonIds } from '../button-id.ts';
import type { JobProgress } from '../chat-platform.ts';
import { createEditBudget } from '../edit-budget.ts';
import type { DiscordApi } from './api.ts';
import { toDeliveryError, troubleOf } from './errors.ts';
import { renderProgress } from './job-message.ts';
import type { JobWriter } from './job-writer.ts';
import { discordLimits } from './limits.ts';
import { jobNonce } from './message-ids.ts';
import type { OutgoingFile, OutgoingMessage } from './outgoing.ts';
import { encodePreviews } from './preview.ts';

export interface ProgressBoardOptions {
  readonly api: DiscordApi;
  readonly writer: JobWriter;
  readonly ids: ButtonIds;
  readonly jobs: Pick<Jobs, 'setReplyMessage'>;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** Shows where jobs stand, in their own messages. */
export interface ProgressBoard {
  show(job: Job, progress: JobProgress): void;
  /** Where a job stands that was accepted just now, unless something newer has been shown already. */
  begin(job: Job, standing: Standing | null): void;
  /** Resolves when the job's message has been written once, or after a while. */
  shown(id: JobId): Promise<void>;
  /** The job has ended: show nothing more of it. Resolves when nothing is under way that could come too late. */
  end(id: JobId): Promise<void>;
  close(): Promise<void>;
}

/** How many ended jobs are remembered: words about them may still come in for a moment. */
const maxEnded = 1_000;

interface Showing {
  readonly previews: readonly RgbPicture[] | null;
  readonly step: number;
}

/** What is shown of a job: the newest word only, and its previews until there are newer ones. */
export function createProgressBoard(options: ProgressBoardOptions): ProgressBoard {
  const { api, writer, ids, jobs, logger, clock } = options;
  const ended = new Set<JobId>();
  const muted = new Set<JobId>();
  const showing = new Map<JobId, Showing>();
  const written = new Map<JobId, string>();
  let closed = false;

  const budget = createEditBudget({
    limit: discordLimits.progressEdits,
    windowMs: discordLimits.progressWindowMs,
    onError: (error, jobId) => logger.warn({ err: error, jobId }, 'could not show where a job stands'),
    clock,
  });

  const preview = async (job: Job): Promise<OutgoingFile | null> => {
    const { previews, step } = showing.get(job.id) ?? { previews: null, step: 0 };
    if (previews === null) return null;
    try {
      return await encodePreviews(previews, step, discordMessagesFor(job.requester.locale).previewAltText);
    } catch (error) {
      logger.warn({ err: error, jobId: job.id }, 'a preview could not be encoded');
      return null;
    }
  };

  const write = async (job: Job, progress: JobProgress): Promise<void> => {
    const message = renderProgress(job, progress, await preview(job), { ids, now: clock() });
    const text = JSON.stringify('components' in message ? message.components : message);
    if (ended.has(job.id) || written.get(job.id) === text || writer.isOld(job)) return;
    try {
      const edited = await writer.edit(job, message);
      if (edited === null) await post(job, message);
      // So that also another process, and this one after a restart, writes as the bot.
      else if (edited.endsThinking) await jobs.setReplyMessage(job.id, edited.message);
      written.set(job.id, text);
    } catch (error) {
      const trouble = troubleOf(error);
      // Its message is away or out of reach: the ending finds its own way, progress is not worth one.
      if (trouble !== 'rate_limited' && trouble !== 'discord_away') muted.add(job.id);
      throw toDeliveryError(error);
    }
  };

  const post = async (job: Job, message: OutgoingMessage): Promise<void> => {
    const { channel, isVisible, isUnanswered } = writer.placeOf(job);
    if (!isVisible || isUnanswered) return;
    const { id } = await api.post(channel, message, { nonce: jobNonce(job.id, 'progress') });
    writer.move(job, id);
    await jobs.setReplyMessage(job.id, id);
  };

  const show = (job: Job, progress: JobProgress): void => {
    if (closed || ended.has(job.id) || muted.has(job.id)) return;
    const before = showing.get(job.id);
    const fresh = progress.phase === 'drawing' ? progress.previews : null;
    const step = progress.phase === 'drawing' ? progress.step : 0;
    const kept = progress.phase === 'drawing' ? (before ?? { previews: null, step }) : { previews: null, step };
    showing.set(job.id, fresh === null ? kept : { previews: fresh, step });
    budget.put(writer.placeOf(job).channel, job.id, () => write(job, progress));
  };

  return {
    show,
    begin(job, standing) {
      if (standing === null || showing.has(job.id)) return;
      show(job, { phase: 'waiting', ...standing });
    },
    shown: writer.shown,
    async end(id) {
      ended.add(id);
      const [oldest] = ended;
      if (ended.size > maxEnded && oldest !== undefined) ended.delete(oldest);
      await budget.settle(id);
      for (const known of [muted, showing, written]) known.delete(id);
    },
    async close() {
      closed = true;
      await budget.close();
    },
  };
}
