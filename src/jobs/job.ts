import type { ControlKind, EngineTimings, PictureSize, SchedulerName, SpeedName } from '../engines/image-engine.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A UUID. */
export type JobId = Branded<'JobId'>;
/** Where a picture lies in the picture store. */
export type PictureKey = Branded<'PictureKey'>;

export const platformNames = ['discord', 'slack', 'web', 'terminal'] as const;
export type PlatformName = (typeof platformNames)[number];

/** Who asked. Plain data: whichever process draws knows it, also after a restart. */
export interface Requester {
  readonly platform: PlatformName;
  /** Guild or workspace; null in a direct message or where there is none. */
  readonly workspace: string | null;
  readonly userId: string;
  /** As shown to people; never an identity. */
  readonly name: string;
  /** BCP 47, as the platform gave it. */
  readonly locale: string;
  readonly isAdmin: boolean;
}

/** Where the answer goes. Plain data, for the same reason. */
export interface ReplyTo {
  readonly platform: PlatformName;
  readonly workspace: string | null;
  readonly channel: string;
  readonly thread: string | null;
  /** The message that shows the waiting place and progress, once there is one. */
  readonly message: string | null;
  /** Whether the platform lets only adults in there. */
  readonly ageRestricted: boolean;
}

/** A place where results are shown. */
export interface ChatPlace {
  readonly platform: PlatformName;
  readonly workspace: string | null;
  readonly channel: string;
}

export const drawActions = ['imagine', 'vary', 'again', 'edit', 'enlarge'] as const;
export type DrawAction = (typeof drawActions)[number];

/** One checked, complete request: every default is filled in, the seed is chosen. */
export interface DrawRequest {
  readonly action: DrawAction;
  readonly prompt: string;
  readonly negativePrompt: string;
  /** 1 to 4. Picture `i` has the seed `(seed + i) mod 2^32`. */
  readonly count: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly seed: number;
  readonly scheduler: SchedulerName;
  /** Of the result, also for `enlarge`. */
  readonly size: PictureSize;
  readonly model: string;
  /** A style's id (its words are added to the prompt when drawing); null for none. */
  readonly style: string | null;
  /**
   * Start from this stored picture. For `enlarge` it is the picture to draw again larger. With a mask only what is
   * white in it is drawn anew.
   */
  readonly init: {
    readonly picture: PictureKey;
    readonly strength: number;
    readonly mask: PictureKey | null;
  } | null;
  /** Follow the shapes of this stored picture. `scale` is 0 to 2. */
  readonly control: { readonly picture: PictureKey; readonly kind: ControlKind; readonly scale: number } | null;
  /** Strength of the model's LoRA, 0 to 2; null for the model's own. */
  readonly loraScale: number | null;
  readonly speed: SpeedName;
  /** The result that this one derives from, and which of its pictures (0-based; null for all). */
  readonly derivedFrom: { readonly job: JobId; readonly index: number | null } | null;
}

export interface StoredPicture {
  readonly key: PictureKey;
  readonly seed: number;
  readonly size: PictureSize;
  readonly bytes: number;
  /** For screen readers. */
  readonly altText: string;
  /** 0 to 1, from the engine's safety checker. */
  readonly unsafe: number;
}

export interface Drawing {
  readonly pictures: readonly StoredPicture[];
  readonly timings: EngineTimings;
  /** True where `enlarge` was a plain resize because the model cannot draw at that size. */
  readonly resized: boolean;
  readonly unknownWords: readonly string[];
}

export interface JobFailure {
  /** Keys the text that users see. */
  readonly code: string;
  /** A plain sentence. */
  readonly message: string;
}

interface JobBase {
  readonly id: JobId;
  /** A second submit with the same key returns the first job. */
  readonly idempotencyKey: string;
  readonly request: DrawRequest;
  readonly requester: Requester;
  readonly replyTo: ReplyTo;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** How often drawing has begun. */
  readonly attempt: number;
}

export type QueuedJob = JobBase & { readonly state: 'queued' };
export type DrawingJob = JobBase & { readonly state: 'drawing'; readonly startedAt: number };
export type DrawnJob = JobBase & { readonly state: 'drawn'; readonly drawing: Drawing; readonly drawnAt: number };
export type DeliveredJob = JobBase & {
  readonly state: 'delivered';
  readonly drawing: Drawing;
  readonly drawnAt: number;
  readonly deliveredAt: number;
  /** The platform's id of the message that shows the pictures. */
  readonly message: string | null;
};
export type CancelledJob = JobBase & { readonly state: 'cancelled'; readonly endedAt: number };
export type FailedJob = JobBase & { readonly state: 'failed'; readonly failure: JobFailure; readonly endedAt: number };

export type Job = QueuedJob | DrawingJob | DrawnJob | DeliveredJob | CancelledJob | FailedJob;
export type JobState = Job['state'];
/** A job that has its pictures. */
export type FinishedJob = DrawnJob | DeliveredJob;
