import { createHash } from 'node:crypto';

/** So many requests in so much time. */
export interface RateLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** Discord publishes no numbers: these are what is commonly seen. Creating and editing share one bucket per channel. */
export const defaultLimits = {
  /** Create and edit messages together, a channel. */
  messages: { limit: 5, windowMs: 5_000 },
  deletions: { limit: 5, windowMs: 1_000 },
  reading: { limit: 50, windowMs: 1_000 },
  reactions: { limit: 1, windowMs: 250 },
  /** Answers and follow-ups, an interaction token. */
  webhook: { limit: 5, windowMs: 2_000 },
  commands: { limit: 5, windowMs: 5_000 },
  gateway: { limit: 10, windowMs: 5_000 },
  other: { limit: 50, windowMs: 1_000 },
  /** All requests of a bot together, interaction endpoints aside. */
  global: { limit: 50, windowMs: 1_000 },
} as const satisfies Record<string, RateLimit>;

export type BucketName = keyof typeof defaultLimits;

export interface BucketState extends RateLimit {
  readonly bucket: string;
  readonly remaining: number;
  readonly resetAt: number;
  readonly resetAfterMs: number;
  /** How long the caller has to wait; null when the request was let through. */
  readonly retryAfterMs: number | null;
}

/** Counts requests in windows that begin with their first request. */
export function createRateLimits(changed: Partial<Record<BucketName, RateLimit>>, now: () => number) {
  const limits: Record<BucketName, RateLimit> = { ...defaultLimits, ...changed };
  const windows = new Map<string, { count: number; resetAt: number }>();
  return {
    take(name: BucketName, major: string): BucketState {
      const { limit, windowMs } = limits[name];
      const key = `${name}:${major}`;
      let window = windows.get(key);
      if (window === undefined || window.resetAt <= now()) {
        window = { count: 0, resetAt: now() + windowMs };
        windows.set(key, window);
      }
      const refused = window.count >= limit;
      if (!refused) window.count++;
      return {
        limit,
        windowMs,
        bucket: createHash('sha256').update(name).digest('hex').slice(0, 32),
        remaining: limit - window.count,
        resetAt: window.resetAt,
        resetAfterMs: window.resetAt - now(),
        retryAfterMs: refused ? window.resetAt - now() : null,
      };
    },
  };
}
