import type { Estimate } from './estimates.ts';
import type {
  CancelledJob,
  ChatPlace,
  DeliveredJob,
  Drawing,
  DrawingJob,
  DrawnJob,
  DrawRequest,
  FailedJob,
  FinishedJob,
  Job,
  JobFailure,
  JobId,
  JobState,
  PictureKey,
  PlatformName,
  QueuedJob,
} from './job.ts';
import type { UserSettings } from './jobs.ts';
import type { Owner } from './owner.ts';

/** Bounds that hold when a job is accepted. */
export interface IntakeLimits {
  /** Jobs that may wait in all. */
  readonly maxQueue: number;
  /** Jobs of one person that may wait or be drawn at once. */
  readonly maxJobsPerUser: number;
  /** Pictures of one person within 24 hours. */
  readonly dailyImagesPerUser: number;
}

/** A lease ends at `now + leaseMs` unless it is renewed; whoever finds it ended may take the job over. */
export interface LeaseTimes {
  readonly now: number;
  readonly leaseMs: number;
}

/** One drawing of a job: `attempt` is the fence, a later attempt makes every write of this one fail. */
export interface DrawingLease {
  readonly id: JobId;
  readonly attempt: number;
}

/** A waiting job with what decides its place. */
export interface WaitingJob {
  readonly job: QueuedJob;
  readonly owner: Owner;
  readonly position: number;
  readonly turn: number;
  readonly resumed: boolean;
}

/** One attempt to tell people how a job ended. */
export interface Telling {
  readonly job: DrawnJob | CancelledJob | FailedJob;
  readonly attempt: number;
}

/** Taking jobs in. */
export interface IntakeStore {
  /** In one transaction: the same owner and key again return the first job; else caps, quota, job and turn. */
  submit(job: QueuedJob, limits: IntakeLimits): Promise<{ readonly job: Job; readonly created: boolean }>;
  setReplyMessage(id: JobId, message: string): Promise<Job | null>;
}

/** Drawing: every write that ends or renews an attempt answers null (or false) when the attempt is not the last one. */
export interface DrawingStore {
  /** Begin the next due job in fair order. */
  claim(times: LeaseTimes): Promise<DrawingJob | null>;
  renew(lease: DrawingLease, times: LeaseTimes): Promise<boolean>;
  /** What is drawn in fact, where the request left something open. */
  changeRequest(lease: DrawingLease, request: DrawRequest): Promise<DrawingJob | null>;
  /** Let it wait again, at the front, from `notBefore` on; a setback is counted when it was not asked for. */
  putBack(
    lease: DrawingLease,
    options: { readonly notBefore: number; readonly setback: boolean },
  ): Promise<{ readonly job: QueuedJob; readonly setbacks: number } | null>;
  saveDrawn(lease: DrawingLease, drawing: Drawing, now: number): Promise<DrawnJob | null>;
  /** Gives the quota back. */
  saveFailed(lease: DrawingLease, failure: JobFailure, now: number): Promise<FailedJob | null>;
  /** Drawings of a job that the engine failed; interruptions by the end of a process are counted apart. */
  setbacks(id: JobId): Promise<number>;
  /**
   * Put back jobs whose drawing nobody renews: those with an ended lease, or `all` when no other process can be
   * drawing. A job that was interrupted `maxInterruptions` times fails with `failure`.
   */
  reclaim(options: {
    readonly now: number;
    readonly all: boolean;
    readonly maxInterruptions: number;
    readonly failure: JobFailure;
  }): Promise<readonly (QueuedJob | FailedJob)[]>;
  /** Cancel a waiting or running job; later states are left alone. A waiting one gives its quota back. */
  cancel(id: JobId, now: number): Promise<{ readonly was: JobState; readonly job: Job } | null>;
}

/** Telling people how jobs ended. */
export interface EndingStore {
  claimEnding(platform: PlatformName, times: LeaseTimes): Promise<Telling | null>;
  /** A drawn job becomes delivered; the others keep their state. Null when another attempt has begun. */
  saveTold(
    telling: Telling,
    message: string | null,
    now: number,
  ): Promise<DeliveredJob | CancelledJob | FailedJob | null>;
  postponeTelling(telling: Telling, notBefore: number): Promise<void>;
  giveUpTelling(telling: Telling): Promise<void>;
  /** Forget all leases on endings: no other process can be telling. */
  reclaimEndings(): Promise<void>;
}

/** Reading and removing. */
export interface ArchiveStore {
  get(id: JobId): Promise<Job | null>;
  waiting(): Promise<readonly WaitingJob[]>;
  drawing(): Promise<readonly DrawingJob[]>;
  /** `drawnPictures` counts since this database was made. */
  counts(): Promise<{ readonly waiting: number; readonly drawing: number; readonly drawnPictures: number }>;
  /** Jobs with pictures, newest first, created before `before`. */
  history(owner: Owner, options: { readonly limit: number; readonly before: number }): Promise<readonly FinishedJob[]>;
  /** The newest job with pictures that was asked for or is shown in a thread, or is shown in a message. */
  shownIn(
    place: ChatPlace,
    where: { readonly thread: string } | { readonly message: string },
  ): Promise<FinishedJob | null>;
  /** Jobs in any state, newest first, created before `before`. */
  recent(owner: Owner, options: { readonly limit: number; readonly before: number }): Promise<readonly Job[]>;
  remove(id: JobId): Promise<Job | null>;
  /** Everything of a person but the hash under which the day's pictures are counted. */
  removeOwner(owner: Owner): Promise<{ readonly jobs: readonly Job[]; readonly uploads: readonly PictureKey[] }>;
  /** Remove up to `limit` ended jobs and unused uploads from before `cutoff`; returns the pictures that go with them. */
  removeOlder(
    cutoff: number,
    limit: number,
  ): Promise<{ readonly jobs: number; readonly pictures: readonly PictureKey[] }>;
  addUpload(key: PictureKey, owner: Owner, now: number): Promise<void>;
  /** Which of these pictures belong to a job or an upload. */
  knownPictures(keys: readonly PictureKey[]): Promise<ReadonlySet<PictureKey>>;
}

/** What is remembered about people and speeds. */
export interface MemoryOfPeopleStore {
  settings(owner: Owner): Promise<UserSettings>;
  saveSettings(owner: Owner, settings: UserSettings): Promise<void>;
  estimates(): Promise<ReadonlyMap<string, Estimate>>;
  saveEstimate(kind: string, estimate: Estimate): Promise<void>;
}

/** Where jobs live. Everything is durable when it resolves; errors are `LimitError`s or `StoreError`s. */
export interface JobStore extends IntakeStore, DrawingStore, EndingStore, ArchiveStore, MemoryOfPeopleStore {}
