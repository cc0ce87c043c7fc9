/** How long to wait between tries, and when to stop. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly maxAttempts: number;
  /** Before the second try; doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Stop when this much time has passed since the first try. */
  readonly giveUpAfterMs: number;
}

/** Every retry of the job core, by name. */
export const retryPolicies = {
  /** The engine failed in the middle of a job. */
  draw: { maxAttempts: 5, baseDelayMs: 500, maxDelayMs: 30_000, giveUpAfterMs: 3_600_000 /* 1 hour */ },
  /** The engine did not take a job: that is not the job's fault, so it waits for as long as that lasts. */
  wait: {
    maxAttempts: Number.POSITIVE_INFINITY,
    baseDelayMs: 500,
    maxDelayMs: 5_000,
    giveUpAfterMs: Number.POSITIVE_INFINITY,
  },
  /** The process died in the middle of a job: a job that kills it each time must not do so for ever. */
  interruption: { maxAttempts: 100, baseDelayMs: 0, maxDelayMs: 0, giveUpAfterMs: 86_400_000 /* 1 day */ },
  /** A platform did not take an ending. */
  deliver: { maxAttempts: 1_000, baseDelayMs: 1_000, maxDelayMs: 300_000, giveUpAfterMs: 43_200_000 /* 12 hours */ },
  /** The database is away while a drawing is to be saved. */
  save: { maxAttempts: 1_000, baseDelayMs: 200, maxDelayMs: 5_000, giveUpAfterMs: 600_000 /* 10 minutes */ },
} as const satisfies Record<string, RetryPolicy>;

/** Milliseconds before the try after `attempt` failed ones; full jitter over the upper half, never under `atLeastMs`. */
export function retryDelay(policy: RetryPolicy, attempt: number, random: () => number, atLeastMs = 0): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
  return Math.max(atLeastMs, Math.round(ceiling / 2 + (ceiling / 2) * random()));
}
