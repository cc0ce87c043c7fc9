/** A clock that runs by itself and can be moved forward, so that no test waits for 30 minutes. */
export interface Clock {
  now(): number;
  /** Run it when the clock reaches that time; gives a function that forgets it. */
  after(ms: number, run: () => void): () => void;
  /** Jump forward; what falls due on the way happens at once, in order. */
  advance(ms: number): void;
  close(): void;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  handle: NodeJS.Timeout | null;
}

export function createClock(): Clock {
  let moved = 0;
  const timers = new Set<Timer>();
  const now = (): number => Date.now() + moved;

  const fire = (timer: Timer): void => {
    if (!timers.delete(timer)) return;
    if (timer.handle !== null) clearTimeout(timer.handle);
    timer.run();
  };

  const arm = (timer: Timer): void => {
    if (timer.handle !== null) clearTimeout(timer.handle);
    timer.handle = setTimeout(() => fire(timer), Math.max(0, timer.due - now()));
  };

  return {
    now,
    after(ms, run) {
      const timer: Timer = { due: now() + ms, run, handle: null };
      timers.add(timer);
      arm(timer);
      return () => {
        timers.delete(timer);
        if (timer.handle !== null) clearTimeout(timer.handle);
      };
    },
    advance(ms) {
      moved += ms;
      const due = [...timers].filter((timer) => timer.due <= now()).sort((left, right) => left.due - right.due);
      due.forEach(fire);
      timers.forEach(arm);
    },
    close() {
      for (const { handle } of timers) if (handle !== null) clearTimeout(handle);
      timers.clear();
    },
  };
}
