/** When each of the jobs ends, in milliseconds from now: `inFlight` are under way, `waiting` begin in this order. */
export function endTimes(options: {
  /** Milliseconds left of each job under way; null where unknown. */
  readonly inFlight: readonly (number | null)[];
  /** Milliseconds that each waiting job takes; null where unknown. */
  readonly waiting: readonly (number | null)[];
  /** How many are drawn at once. */
  readonly concurrency: number;
}): readonly (number | null)[] {
  // With more under way than slots (other processes draw too), what is under way is the better count.
  const slots = Math.max(1, options.concurrency, options.inFlight.length);
  const freeAt: (number | null)[] = [...options.inFlight];
  while (freeAt.length < slots) freeAt.push(0);
  return options.waiting.map((duration) => {
    const slot = firstFree(freeAt);
    const begin = freeAt[slot] ?? null;
    const end = begin === null || duration === null ? null : begin + duration;
    freeAt[slot] = end;
    return end;
  });
}

/** The slot that is known to be free first; one of unknown end only when there is no other. */
function firstFree(freeAt: readonly (number | null)[]): number {
  let best = 0;
  freeAt.forEach((time, index) => {
    const champion = freeAt[best] ?? null;
    if (time !== null && (champion === null || time < champion)) best = index;
  });
  return best;
}
