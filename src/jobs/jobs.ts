import type { EngineTrouble } from '../engines/image-engine.ts';
import type { JobProgress } from '../platforms/chat-platform.ts';
import type {
  ChatPlace,
  DrawRequest,
  FinishedJob,
  Job,
  JobId,
  JobState,
  PictureKey,
  ReplyTo,
  Requester,
} from './job.ts';

/** Where a waiting or running job stands. */
export interface Standing {
  /** 1 = next to be drawn; 0 = being drawn. */
  readonly place: number;
  readonly waiting: number;
  /** Measured, not guessed; null until enough jobs of this kind were drawn, and while drawing is paused. */
  readonly secondsLeft: number | null;
  /** Why it waits although its turn may have come; always null of a job that is being drawn. */
  readonly pausedBecause: EngineTrouble | null;
}

export interface QueueOverview {
  readonly waiting: number;
  readonly drawing: number;
  /** Pictures drawn since the process began counting in this database. */
  readonly delivered: number;
  /** The requester's own unfinished jobs, next to be drawn first. */
  readonly own: readonly { readonly job: Job; readonly standing: Standing }[];
  /** Why nothing new is begun at present, if so. */
  readonly pausedBecause: EngineTrouble | null;
}

/** A person's own defaults for `/imagine`; absent fields follow the model's. */
export interface UserSettings {
  readonly count?: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
  readonly scheduler?: DrawRequest['scheduler'];
  readonly size?: DrawRequest['size'];
  readonly model?: string;
  readonly style?: string | null;
  readonly negativePrompt?: string;
  readonly speed?: DrawRequest['speed'];
}

export type JobEvent =
  | { readonly type: 'state'; readonly job: Job }
  | { readonly type: 'progress'; readonly job: Job; readonly progress: JobProgress };

/** Everything that commands and platforms may do with jobs. */
export interface Jobs {
  /**
   * Accept a job: durable when this resolves. The same key again returns the first job with `created: false`.
   * Throws `LimitError` (queue_full, too_many_jobs, daily_quota) or `StoreError`.
   */
  submit(
    request: DrawRequest,
    requester: Requester,
    replyTo: ReplyTo,
    idempotencyKey: string,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  get(id: JobId): Promise<Job | null>;
  /** Remember the message that shows a job's place and progress, so that its ending goes there also after a restart. */
  setReplyMessage(id: JobId, message: string): Promise<void>;
  standing(id: JobId): Promise<Standing | null>;
  overview(requester: Requester): Promise<QueueOverview>;
  /** Cancel one's own (or, as an admin, any) job, waiting or running. Returns the state it was in. */
  cancel(id: JobId, requester: Requester): Promise<JobState | 'not_found' | 'not_yours'>;
  /** The requester's jobs that have pictures, newest first; `before` is a `createdAt`. */
  history(
    requester: Requester,
    options: { readonly limit: number; readonly before?: number },
  ): Promise<readonly FinishedJob[]>;
  /** The newest job with pictures that is shown in this message; null where there is none. */
  findByMessage(place: ChatPlace & { readonly message: string }): Promise<FinishedJob | null>;
  /** The newest job with pictures in this thread; null where there is none. */
  findByThread(place: ChatPlace & { readonly thread: string }): Promise<FinishedJob | null>;
  /** The requester's jobs in any state, newest first; `before` is a `createdAt`. */
  recent(requester: Requester, options: { readonly limit: number; readonly before?: number }): Promise<readonly Job[]>;
  /** Remove a job and its pictures; only the requester's own, or as an admin. */
  delete(id: JobId, requester: Requester): Promise<'deleted' | 'not_found' | 'not_yours'>;
  /** Remove everything that is known about the requester, pictures included; running jobs are cancelled first. */
  forget(requester: Requester): Promise<{ readonly jobs: number; readonly pictures: number }>;
  settings(requester: Requester): Promise<UserSettings>;
  saveSettings(requester: Requester, settings: UserSettings): Promise<void>;
  /** Keep a checked picture (PNG bytes) that somebody sent, to start from it. Kept as long as results are. */
  keepUpload(png: Uint8Array, requester: Requester): Promise<PictureKey>;
  /** PNG bytes of a stored picture; null when it is gone. */
  readPicture(key: PictureKey): Promise<Uint8Array | null>;
  /** Listen to all jobs of this process; returns the way to stop. Listeners must not throw. */
  subscribe(listener: (event: JobEvent) => void): () => void;
}
