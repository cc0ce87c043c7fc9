import type { RgbPicture } from '../../engines/image-engine.ts';
import type { Job, JobId } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { JobProgress } from '../chat-platform.ts';
import { type ProgressView, retryView, standingView } from './job-view.ts';

export interface LiveProgressOptions {
  /** A preview as a data URL. */
  readonly encodePreview: (picture: RgbPicture) => Promise<string>;
  readonly onChange: (job: Job) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * The newest word about each unfinished job. While one set of previews is being encoded, only the newest of those
 * that come in meanwhile is kept, so a fast engine never builds a backlog.
 */
export class LiveProgress {
  readonly #options: LiveProgressOptions;
  readonly #views = new Map<JobId, ProgressView>();
  readonly #encoding = new Map<JobId, JobProgress | null>();

  constructor(options: LiveProgressOptions) {
    this.#options = options;
  }

  get(job: JobId): ProgressView | null {
    return this.#views.get(job) ?? null;
  }

  show(job: Job, progress: JobProgress): void {
    if (this.#encoding.has(job.id)) {
      this.#encoding.set(job.id, newest(this.#encoding.get(job.id) ?? null, progress));
      return;
    }
    this.#encoding.set(job.id, null);
    void this.#encode(job, progress);
  }

  /** The job has ended: nothing about it is worth keeping. */
  forget(job: JobId): void {
    this.#views.delete(job);
    this.#encoding.delete(job);
  }

  async #encode(job: Job, first: JobProgress): Promise<void> {
    const { id } = job;
    let progress: JobProgress | null = first;
    while (progress !== null) {
      const view = await this.#view(job, progress);
      // Forgotten while its previews were encoded: the job has ended.
      if (!this.#encoding.has(id)) return;
      this.#views.set(id, view);
      this.#options.onChange(job);
      progress = this.#encoding.get(id) ?? null;
      this.#encoding.set(id, null);
    }
    this.#encoding.delete(id);
  }

  async #view(job: Job, progress: JobProgress): Promise<ProgressView> {
    const messages = messagesFor(job.requester.locale);
    if (progress.phase === 'waiting') return standingView(progress, messages);
    if (progress.phase === 'retrying') return retryView(progress.failure, messages);
    const { phase, step, steps, secondsLeft } = progress;
    const before = this.#views.get(job.id);
    const previews =
      progress.previews === null
        ? before?.phase === 'drawing'
          ? before.previews
          : []
        : await this.#dataUrls(progress.previews);
    return { phase, step, steps, secondsLeft, previews };
  }

  async #dataUrls(pictures: readonly RgbPicture[]): Promise<readonly string[]> {
    try {
      return await Promise.all(pictures.map((picture) => this.#options.encodePreview(picture)));
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }
}

/** The later word, with the earlier one's previews where it brings none of its own. */
function newest(earlier: JobProgress | null, later: JobProgress): JobProgress {
  const isBare = later.phase === 'drawing' && later.previews === null;
  return isBare && earlier?.phase === 'drawing' ? { ...later, previews: earlier.previews } : later;
}
