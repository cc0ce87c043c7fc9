import { setTimeout as rest } from 'node:timers/promises';
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

/** A reading is followed by a rest of so many times its length, so that most of the time is left to others. */
const restFactor = 3;
/** A database that is slow, or a clock that is set, must not make it long. */
const maxRestMs = 250;

/**
 * Returns the function that reads the line-up. Calls that come before the next reading begins share it: 500 people
 * who ask at once cost a few readings, and nobody gets one from before they asked.
 */
export function createLineupReader(options: LineupOptions): () => Promise<Lineup> {
  const { clock } = options;
  let next: Promise<Lineup> | null = null;
  let rested: Promise<unknown> = Promise.resolve();

  const read = async (): Promise<Lineup> => {
    await rested;
    next = null;
    const begun = clock();
    const reading = readLineup(options);
    rested = reading.catch(() => undefined).then(() => rest(Math.min(maxRestMs, restFactor * (clock() - begun))));
    return reading;
  };

  return () => (next ??= read());
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
