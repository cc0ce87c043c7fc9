import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type CreateJobsOptions, createJobs, type JobCore } from '../../src/jobs/create-jobs.ts';
import type { Job, JobId, JobState } from '../../src/jobs/job.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { JobEvent } from '../../src/jobs/jobs.ts';
import type { PictureStore } from '../../src/jobs/picture-store.ts';
import { createPictureFolder } from '../../src/store/picture-folder.ts';
import { createInstantEngine, type InstantEngineOptions } from '../engines/instant-engine.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { rawCodec } from './raw-codec.ts';
import { createRecordingPlatform } from './recording-platform.ts';

export interface JobWorldOptions {
  readonly engine?: InstantEngineOptions;
  readonly jobs?: Partial<CreateJobsOptions>;
  /** Of a world before, for a restart. */
  readonly store?: JobStore;
  readonly pictures?: PictureStore;
}

export const roomy = { maxQueue: 1_000, maxJobsPerUser: 1_000, dailyImagesPerUser: 10_000 };

/** A job core with all its neighbours, real ones, quick ones. */
export async function createJobWorld(options: JobWorldOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-jobs-'));
  const store = options.store ?? createMemoryJobStore();
  const pictures = options.pictures ?? (await createPictureFolder(folder));
  const engine = createInstantEngine(options.engine);
  const platform = createRecordingPlatform();
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const jobs: JobCore = await createJobs({
    store,
    pictures,
    soleProcess: true,
    engine,
    codec: rawCodec,
    limits: roomy,
    retentionDays: 7,
    logger,
    clock: Date.now,
    random: () => 0,
    runner: { pollMs: 20, leaseMs: 3_000, healthMs: 20 },
    delivery: { pollMs: 20, timeoutMs: 5_000 },
    ...options.jobs,
  });
  const events: JobEvent[] = [];
  jobs.subscribe((event) => events.push(event));

  /** Resolves with the first event that passes, past ones included. */
  const event = (passes: (event: JobEvent) => boolean): Promise<JobEvent> => {
    const past = events.find(passes);
    if (past !== undefined) return Promise.resolve(past);
    const { promise, resolve } = Promise.withResolvers<JobEvent>();
    const stop = jobs.subscribe((next) => {
      if (!passes(next)) return;
      stop();
      resolve(next);
    });
    return promise;
  };

  return {
    folder,
    store,
    pictures,
    engine,
    platform,
    jobs,
    events,
    log,
    event,
    reached: async (id: JobId, state: JobState): Promise<Job> =>
      (await event((next) => next.type === 'state' && next.job.id === id && next.job.state === state)).job,
    statesOf: (id: JobId) =>
      events.flatMap((next) => (next.type === 'state' && next.job.id === id ? [next.job.state] : [])),
    start: () => jobs.start([platform]),
    async close() {
      await jobs.close();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type JobWorld = Awaited<ReturnType<typeof createJobWorld>>;
