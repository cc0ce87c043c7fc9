/** The time as this server tells it: the machine's, plus what a test has moved it forward. */
export interface ServerClock {
  now(): number;
  /** Move the time forward; whatever waits for a deadline of the platform looks again. */
  advance(ms: number): void;
  onAdvance(listener: () => void): void;
}

/** A clock that starts with the machine's time. */
export function createServerClock(): ServerClock {
  let ahead = 0;
  const listeners: (() => void)[] = [];
  return {
    now: () => Date.now() + ahead,
    advance(ms) {
      ahead += ms;
      for (const listener of listeners) listener();
    },
    onAdvance: (listener) => listeners.push(listener),
  };
}
