/** Remembers for a while what has been seen; durable keys of jobs stand behind it. */
export interface Duplicates {
  /** Whether any of these marks was seen before; all of them are from now on. */
  seen(marks: readonly string[]): boolean;
  /** The key under which a press runs: two presses in quick succession are one. */
  pressKey(mark: string, nowMs: number): string;
}

/** Slack sends an event again for up to an hour. */
const keptMs = 3_600_000;
const maxKept = 20_000;
/** Longest time between the two presses of a double click, a slow connection included. */
const doubleClickMs = 3_000;

export function createDuplicates(clock: () => number): Duplicates {
  const seenAt = new Map<string, number>();
  const presses = new Map<string, { readonly atMs: number; readonly key: string }>();

  const prune = <Value>(map: Map<string, Value>, isOld: (value: Value) => boolean): void => {
    for (const [key, value] of map) {
      if (map.size <= maxKept && !isOld(value)) return;
      map.delete(key);
    }
  };

  return {
    seen(marks) {
      const now = clock();
      prune(seenAt, (at) => at < now - keptMs);
      const isKnown = marks.some((mark) => seenAt.has(mark));
      for (const mark of marks) seenAt.set(mark, now);
      return isKnown;
    },
    pressKey(mark, nowMs) {
      prune(presses, ({ atMs }) => atMs < nowMs - doubleClickMs);
      const last = presses.get(mark);
      if (last !== undefined && Math.abs(nowMs - last.atMs) <= doubleClickMs) return last.key;
      // By time, so that a second process comes to the same key when the second press reaches it.
      const key = `${mark}:${Math.floor(nowMs / doubleClickMs)}`;
      presses.delete(mark);
      presses.set(mark, { atMs: nowMs, key });
      return key;
    },
  };
}
