/** Keeps work away from a server that answers but fails. */
export interface CircuitBreaker {
  /** Whether work may go there now; after a pause one piece at a time may. */
  allows(): boolean;
  /** A piece of work goes there. */
  begun(): void;
  succeeded(): void;
  failed(): void;
  /** It ended in a way that tells nothing about the server: it was aborted, or was wrong itself. */
  toldNothing(): void;
}

/** What a breaker needs, and when it opens. */
export interface CircuitBreakerOptions {
  readonly clock: () => number;
  readonly random: () => number;
  /** Failures in a row, 1 and up. @default 3 */
  readonly maxFailures?: number;
  /** The first pause; each further one is twice as long. @default 1_000 */
  readonly firstPauseMs?: number;
  /** @default 30_000 */
  readonly maxPauseMs?: number;
}

/** A closed circuit breaker. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, random, maxFailures = 3, firstPauseMs = 1_000, maxPauseMs = 30_000 } = options;
  let failures = 0;
  let pausedUntil = 0;
  let trying = false;
  return {
    allows: () => failures < maxFailures || (!trying && clock() >= pausedUntil),
    begun() {
      trying = failures >= maxFailures;
    },
    succeeded() {
      failures = 0;
      trying = false;
    },
    failed() {
      failures++;
      trying = false;
      if (failures < maxFailures) return;
      const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(30, failures - maxFailures));
      // Several bots must not all come back at the same moment.
      pausedUntil = clock() + pauseMs / 2 + (pauseMs / 2) * random();
    },
    toldNothing() {
      trying = false;
    },
  };
}
