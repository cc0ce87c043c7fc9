import type { EngineTrouble } from '../engines/image-engine.ts';
import { fairOrder } from './fair-order.ts';
import type { DrawingJob, JobId } from './job.ts';
import type { ArchiveStore, WaitingJob } from './job-store.ts';
import type { Standing } from './jobs.ts';
import type { Timekeeper } from './timekeeper.ts';
import { endTimes } from './timeline.ts';

/** Everybody's standing at one moment. */
export interface Lineup {
  readonly waiting: readonly WaitingJob[];
  readonly drawing: readonly DrawingJob[];
  readonly standings: ReadonlyMap<JobId, Standing>;
}

/** What a line-up is read from. */
export interface LineupOptions {
  readonly store: Pick<ArchiveStore, 'waiting' | 'drawing'>;
  readonly timekeeper: Pick<Timekeeper, 'estimate'>;
  readonly clock: () => number;
  /** How many jobs are drawn at once. */
  readonly concurrency: () => number;
  /** Why nothing new is begun at present, if so. */
  readonly pausedBecause: () => EngineTrouble | null;
}

/**
 * Returns the function that reads the line-up. Calls that come while one is being read share the next reading:
 * 500 people who ask at once cost two readings, and nobody gets one from before they asked.
 */
export function createLineupReader(options: LineupOptions): () => Promise<Lineup> {
  let current: Promise<Lineup> | null = null;
  let next: Promise<Lineup> | null = null;

  const begin = (): Promise<Lineup> => {
    const reading = readLineup(options).finally(() => {
      if (current === reading) current = null;
    });
    current = reading;
    return reading;
  };

  return () => {
    if (current === null) return begin();
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = null;
        return begin();
      });
    return next;
  };
}

async function readLineup(options: LineupOptions): Promise<Lineup> {
  const { store, timekeeper, clock, concurrency } = options;
  const [unordered, drawing] = await Promise.all([store.waiting(), store.drawing()]);
  const waiting = fairOrder(unordered);
  const now = clock();
  const pausedBecause = options.pausedBecause();
  const inFlight = drawing.map(({ request, startedAt }) => {
    const estimate = timekeeper.estimate(request);
    return estimate === null ? null : Math.max(0, startedAt + estimate - now);
  });
  const ends = endTimes({
    inFlight,
    waiting: waiting.map(({ job }) => timekeeper.estimate(job.request)),
    concurrency: concurrency(),
  });
  const standings = new Map<JobId, Standing>();
  drawing.forEach(({ id }, index) => {
    const secondsLeft = toSeconds(inFlight[index]);
    standings.set(id, { place: 0, waiting: waiting.length, secondsLeft, pausedBecause: null });
  });
  waiting.forEach(({ job }, index) => {
    // Nobody knows how long a pause lasts.
    const secondsLeft = pausedBecause === null ? toSeconds(ends[index]) : null;
    standings.set(job.id, { place: index + 1, waiting: waiting.length, secondsLeft, pausedBecause });
  });
  return { waiting, drawing, standings };
}

function toSeconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : Math.ceil(ms / 1_000);
}
