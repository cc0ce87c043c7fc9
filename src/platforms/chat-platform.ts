import type { RgbPicture } from '../engines/image-engine.ts';
import type { CancelledJob, DrawnJob, FailedJob, Job, JobFailure, PlatformName } from '../jobs/job.ts';
import type { Standing } from '../jobs/jobs.ts';

/** What people see of a job that has no pictures yet. */
export type JobProgress =
  | ({ readonly phase: 'waiting' } & Standing)
  | {
      readonly phase: 'drawing';
      readonly step: number;
      readonly steps: number;
      readonly secondsLeft: number | null;
      readonly previews: readonly RgbPicture[] | null;
    }
  | { readonly phase: 'retrying'; readonly failure: JobFailure };

/** How a job ended, to be told to people exactly once. */
export type JobEnding = DrawnJob | CancelledJob | FailedJob;

export interface DeliveryReceipt {
  /** The platform's id of the message that shows the ending; null where it has none. */
  readonly message: string | null;
}

/** A place where people ask and are answered. */
export interface ChatPlatform {
  readonly name: PlatformName;
  /** Begin to take requests. */
  start(): Promise<void>;
  /**
   * Show where a job stands: best effort, never throws, coalesced inside the platform's edit budget.
   */
  showProgress(job: Job, progress: JobProgress): void;
  /**
   * Tell people how a job ended. Called again after a crash or an error: the platform finds out by the job's id
   * whether it has told them already. Throws `DeliveryError` (retryable or final, with the platform's Retry-After).
   */
  deliver(job: JobEnding, options: { readonly signal: AbortSignal }): Promise<DeliveryReceipt>;
  /** Stop taking requests; idempotent. */
  close(): Promise<void>;
}
