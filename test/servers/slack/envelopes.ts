import type { Json } from './refusal.ts';

export type EnvelopeKind = 'slash_commands' | 'interactive' | 'events_api';

/** One thing that is sent to the app: a command, a click, or an event. */
export interface Envelope {
  readonly kind: EnvelopeKind;
  readonly payload: Json;
  /** Whether an answer may come with the acknowledgement. */
  readonly acceptsResponse: boolean;
  readonly retry: { readonly number: number; readonly reason: RetryReason } | null;
}

export type RetryReason = 'http_timeout' | 'connection_failed' | 'http_error' | 'timeout';

/** What became of it. */
export type Receipt =
  | { readonly outcome: 'acknowledged'; readonly body: Json | string | null; readonly afterMs: number }
  | {
      readonly outcome: 'failed';
      readonly reason: RetryReason;
      /** The app asked not to be sent it again (`X-Slack-No-Retry: 1` on an answer other than 2xx). */
      readonly noRetry: boolean;
      /** The status of the answer, in HTTP mode. */
      readonly status: number | null;
    };

/** Kept of every attempt, for tests to read. */
export interface Delivery {
  readonly envelope: Envelope;
  readonly atMs: number;
  receipt: Receipt | null;
  /** An acknowledgement that came after the platform had given up on it. */
  lateAfterMs: number | null;
}

/** The app has this long to acknowledge. */
export const acknowledgeWithinMs = 3000;
