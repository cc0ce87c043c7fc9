import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { ImageEngine } from '../engines/image-engine.ts';
import { LimitError } from '../errors.ts';
import type { ChatPlatform } from '../platforms/chat-platform.ts';
import { createAnnouncer } from './announcer.ts';
import { createDelivery, type DeliveryTimes } from './delivery.ts';
import type { PictureCodec } from './draw.ts';
import { createJanitor } from './janitor.ts';
import type { Job, JobId, QueuedJob } from './job.ts';
import { createJobEvents } from './job-events.ts';
import type { IntakeLimits, JobStore } from './job-store.ts';
import type { Jobs } from './jobs.ts';
import { createLineupReader } from './lineup.ts';
import { ownerOf } from './owner.ts';
import { type PictureStore, parsePictureKey, uploadKey } from './picture-store.ts';
import { createRunner, type RunnerTimes } from './runner.ts';
import { createTimekeeper } from './timekeeper.ts';
import { cancelJob, hasPictures, isUnfinished } from './transitions.ts';

/** What the job core is made of. Stores and engine are closed by whoever opened them. */
export interface CreateJobsOptions {
  readonly store: JobStore;
  readonly pictures: PictureStore;
  /** No other process can have the store open (an embedded database). */
  readonly soleProcess: boolean;
  readonly engine: ImageEngine;
  readonly codec: PictureCodec;
  readonly limits: IntakeLimits;
  /** Days that results are kept, 1 and up. */
  readonly retentionDays: number;
  readonly logger: Logger;
  /** Whether prompts may stand in the log. @default false */
  readonly logPrompts?: boolean;
  readonly clock: () => number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly runner?: RunnerTimes;
  readonly delivery?: DeliveryTimes;
}

/** The job core: what commands may do, and its own life. */
export interface JobCore extends Jobs {
  /** Begin to draw, and to tell the endings on these platforms. */
  start(platforms: readonly ChatPlatform[]): Promise<void>;
  /** Take no more jobs in; finish what is under way within the deadline, hand the rest back. Idempotent. */
  drain(deadlineMs: number): Promise<void>;
  /** `drain` without patience. Idempotent. */
  close(): Promise<void>;
}

/** Compose the job core; nothing is drawn before `start`. */
export async function createJobs(options: CreateJobsOptions): Promise<JobCore> {
  const { store, pictures, engine, limits, logger, clock, soleProcess } = options;
  const { codec, random, retentionDays, logPrompts = false } = options;
  const events = createJobEvents(logger);
  const timekeeper = createTimekeeper(store);
  await timekeeper.refresh();
  const readLineup = createLineupReader({
    store,
    timekeeper,
    clock,
    concurrency: () => engine.describe().concurrency,
    pausedBecause: () => runner.pausedBecause(),
  });
  const parts = { store, pictures, engine, codec, timekeeper, events, logger, clock, random };
  const runner = createRunner({ ...parts, soleProcess, onPause: () => announcer.moved(), ...options.runner });
  const delivery = createDelivery({ ...parts, soleProcess, logPrompts, ...options.delivery });
  const announcer = createAnnouncer({ readLineup, events, logger });
  const janitor = createJanitor({ store, pictures, logger, clock, retentionDays });
  let isDraining = false;
  let stopping: Promise<void> | null = null;

  events.subscribe((event) => {
    if (event.type !== 'state') return;
    announcer.moved();
    if (event.job.state === 'drawn' || event.job.state === 'failed' || event.job.state === 'cancelled') delivery.wake();
  });

  /** Whether the job is there and the requester may change it. */
  const mayChange = (job: Job | null, requester: Parameters<Jobs['cancel']>[1]): 'yes' | 'not_found' | 'not_yours' => {
    if (job === null) return 'not_found';
    return requester.isAdmin || ownerOf(job.requester) === ownerOf(requester) ? 'yes' : 'not_yours';
  };

  const cancel = async (id: JobId) => {
    const cancelled = await store.cancel(id, clock());
    if (cancelled?.job.state === 'cancelled' && cancelled.was !== 'cancelled') {
      runner.stop(id);
      events.state(cancelled.job);
    }
    return cancelled;
  };

  const drain = async (deadlineMs: number): Promise<void> => {
    isDraining = true;
    const deadline = clock() + deadlineMs;
    await runner.drain(deadlineMs);
    await Promise.all([delivery.drain(Math.max(0, deadline - clock())), announcer.close(), janitor.close()]);
  };

  return {
    async submit(request, requester, replyTo, idempotencyKey) {
      if (isDraining) {
        throw new LimitError('restarting', 'Quartet is restarting. Try again in a moment.', 5_000);
      }
      const job: QueuedJob = {
        id: randomUUID() as JobId, // the one place where jobs get their ids
        idempotencyKey,
        request,
        requester,
        replyTo,
        createdAt: clock(),
        attempt: 0,
        state: 'queued',
      };
      const accepted = await store.submit(job, limits);
      if (accepted.created) {
        events.state(accepted.job);
        runner.wake();
      }
      return accepted;
    },

    get: (id) => store.get(id),

    async setReplyMessage(id, message) {
      await store.setReplyMessage(id, message);
    },

    async standing(id) {
      const { standings } = await readLineup();
      return standings.get(id) ?? null;
    },

    async overview(requester) {
      const [lineup, counts] = await Promise.all([readLineup(), store.counts()]);
      const owner = ownerOf(requester);
      const own = [...lineup.drawing, ...lineup.waiting.map(({ job }) => job)].flatMap((job) => {
        const standing = lineup.standings.get(job.id);
        return standing !== undefined && ownerOf(job.requester) === owner ? [{ job, standing }] : [];
      });
      const { waiting, drawing, drawnPictures: delivered } = counts;
      return { waiting, drawing, delivered, own, pausedBecause: runner.pausedBecause() };
    },

    async cancel(id, requester) {
      const allowed = mayChange(await store.get(id), requester);
      if (allowed !== 'yes') return allowed;
      return (await cancel(id))?.was ?? 'not_found';
    },

    history: (requester, { limit, before }) =>
      store.history(ownerOf(requester), { limit, before: before ?? Number.MAX_SAFE_INTEGER }),

    recent: (requester, { limit, before }) =>
      store.recent(ownerOf(requester), { limit, before: before ?? Number.MAX_SAFE_INTEGER }),

    findByMessage: ({ message, ...place }) => store.shownIn(place, { message }),

    findByThread: ({ thread, ...place }) => store.shownIn(place, { thread }),

    async delete(id, requester) {
      const allowed = mayChange(await store.get(id), requester);
      if (allowed !== 'yes') return allowed;
      // Not told as cancelled: whoever deletes a job wants to hear no more of it.
      const cancelled = await store.cancel(id, clock());
      const removed = await store.remove(id);
      if (removed === null) return 'not_found';
      if (cancelled !== null && (cancelled.was === 'queued' || cancelled.was === 'drawing')) {
        runner.stop(id);
        events.state(cancelled.job);
      }
      if (hasPictures(removed)) await pictures.remove(removed.drawing.pictures.map(({ key }) => key));
      return 'deleted';
    },

    async forget(requester) {
      const { jobs, uploads } = await store.removeOwner(ownerOf(requester));
      for (const job of jobs.filter(isUnfinished)) {
        runner.stop(job.id);
        events.state(cancelJob(job, clock()));
      }
      const drawn = jobs.filter(hasPictures).flatMap((job) => job.drawing.pictures.map(({ key }) => key));
      const removed = await pictures.remove([...drawn, ...uploads]);
      return { jobs: jobs.length, pictures: removed };
    },

    settings: (requester) => store.settings(ownerOf(requester)),
    saveSettings: (requester, settings) => store.saveSettings(ownerOf(requester), settings),

    async keepUpload(png, requester) {
      const key = uploadKey(randomUUID());
      // The row first: a file without one is an orphan, which is swept after an hour.
      await store.addUpload(key, ownerOf(requester), clock());
      await pictures.put(key, png);
      return key;
    },

    readPicture: async (key) => (parsePictureKey(key) === null ? null : pictures.read(key)),

    subscribe: (listener) => events.subscribe(listener),

    async start(platforms) {
      const byName = new Map(platforms.map((platform) => [platform.name, platform]));
      events.subscribe((event) => {
        if (event.type === 'progress') byName.get(event.job.replyTo.platform)?.showProgress(event.job, event.progress);
      });
      await delivery.start(platforms);
      await runner.start();
      announcer.start();
      janitor.start();
    },

    drain: (deadlineMs) => (stopping ??= drain(deadlineMs)),
    close: () => (stopping ??= drain(0)),
  };
}
