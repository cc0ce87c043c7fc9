import { randomUUID } from 'node:crypto';
import type { ImageEngine } from '../../engines/image-engine.ts';
import { QuartetError } from '../../errors.ts';
import { encodePng } from '../../images/png.ts';
import { decodeStored } from '../../images/stored-picture.ts';
import { draw } from '../../jobs/draw.ts';
import type { Drawing, DrawingJob, Job, JobId, PictureKey } from '../../jobs/job.ts';
import type { JobEvent, Jobs, UserSettings } from '../../jobs/jobs.ts';
import { pictureKey, uploadKey } from '../../jobs/picture-store.ts';
import {
  beginDrawing,
  cancelJob,
  failJob,
  finishDrawing,
  hasPictures,
  isUnfinished,
  markDelivered,
} from '../../jobs/transitions.ts';
import type { ChatPlatform } from '../chat-platform.ts';

export interface SessionJobsOptions {
  readonly engine: ImageEngine;
  readonly clock: () => number;
}

/** Jobs of one person that live as long as the program: no database, so a running server is not disturbed. */
export interface SessionJobs extends Jobs {
  /** Draw what waits, oldest first, and tell the platform; resolves to the jobs as they ended. */
  drawAll(platform: ChatPlatform, signal: AbortSignal): Promise<readonly Job[]>;
}

/** The same drawing, encoding and naming as the job core's, kept in memory. */
export function createSessionJobs({ engine, clock }: SessionJobsOptions): SessionJobs {
  const jobs = new Map<JobId, Job>();
  const pictures = new Map<PictureKey, Uint8Array>();
  const listeners = new Set<(event: JobEvent) => void>();
  const stops = new Map<JobId, AbortController>();
  let settings: UserSettings = {};

  const newestFirst = () => [...jobs.values()].reverse();
  const waiting = () => [...jobs.values()].filter(({ state }) => state === 'queued');
  const standingOf = (job: Job) => {
    const place = waiting().findIndex(({ id }) => id === job.id) + 1;
    return { place, waiting: waiting().length, secondsLeft: null, pausedBecause: null };
  };

  function put<Kept extends Job>(job: Kept): Kept {
    jobs.set(job.id, job);
    for (const listener of listeners) listener({ type: 'state', job });
    return job;
  }

  function remove(job: Job): number {
    stops.get(job.id)?.abort();
    jobs.delete(job.id);
    if (!hasPictures(job)) return 0;
    return job.drawing.pictures.filter(({ key }) => pictures.delete(key)).length;
  }

  async function drawOne(job: DrawingJob, platform: ChatPlatform, signal: AbortSignal): Promise<Drawing> {
    const begun = clock();
    const drawn = await draw(job.request, {
      engine,
      codec: { encode: encodePng, decode: decodeStored },
      readPicture: async (key) => pictures.get(key) ?? null,
      signal,
      previews: 0,
      onProgress: ({ step, steps }) => {
        const secondsLeft = Math.ceil((((clock() - begun) / step) * (steps - step)) / 1_000);
        platform.showProgress(job, { phase: 'drawing', step, steps, secondsLeft, previews: null });
      },
    });
    const stored = drawn.pictures.map(({ png, seed, size, altText, unsafe }, index) => {
      const key = pictureKey(job.id, index);
      pictures.set(key, png);
      return { key, seed, size, bytes: png.byteLength, altText, unsafe };
    });
    return { ...drawn, pictures: stored };
  }

  async function finish(waitingJob: Job, platform: ChatPlatform, outer: AbortSignal): Promise<Job> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    stops.set(waitingJob.id, stop);
    const job = put(beginDrawing(waitingJob, clock()));
    try {
      const ended = put(finishDrawing(job, await drawOne(job, platform, signal), clock()));
      const { message } = await platform.deliver(ended, { signal });
      return put(markDelivered(ended, message, clock()));
    } catch (error) {
      if (!signal.aborted && !(error instanceof QuartetError)) throw error;
      const ended = put(
        error instanceof QuartetError && !signal.aborted
          ? failJob(job, { code: error.code, message: error.message }, clock())
          : cancelJob(job, clock()),
      );
      await platform.deliver(ended, { signal: new AbortController().signal });
      return ended;
    } finally {
      stops.delete(job.id);
    }
  }

  return {
    async submit(request, requester, replyTo, idempotencyKey) {
      const known = [...jobs.values()].find((job) => job.idempotencyKey === idempotencyKey);
      if (known !== undefined) return { job: known, created: false };
      // A job gets its id here and nowhere else.
      const id = randomUUID() as JobId;
      const base = { id, idempotencyKey, request, requester, replyTo, createdAt: clock(), attempt: 0 };
      return { job: put({ ...base, state: 'queued' }), created: true };
    },
    async drawAll(platform, signal) {
      const ended: Job[] = [];
      for (let [next] = waiting(); next !== undefined; [next] = waiting()) {
        ended.push(await finish(next, platform, signal));
      }
      return ended;
    },
    get: async (id) => jobs.get(id) ?? null,
    async setReplyMessage(id, message) {
      const job = jobs.get(id);
      if (job) jobs.set(id, { ...job, replyTo: { ...job.replyTo, message } });
    },
    async standing(id) {
      const job = jobs.get(id);
      return job !== undefined && isUnfinished(job) ? standingOf(job) : null;
    },
    async overview() {
      const unfinished = [...jobs.values()].filter(isUnfinished);
      return {
        waiting: waiting().length,
        drawing: unfinished.length - waiting().length,
        delivered: pictures.size,
        own: unfinished.map((job) => ({ job, standing: standingOf(job) })),
        pausedBecause: null,
      };
    },
    async cancel(id) {
      const job = jobs.get(id);
      if (job === undefined) return 'not_found';
      if (job.state === 'queued') put(cancelJob(job, clock()));
      stops.get(id)?.abort();
      return job.state;
    },
    history: async (_, { limit, before = Number.POSITIVE_INFINITY }) =>
      newestFirst()
        .filter(hasPictures)
        .filter(({ createdAt }) => createdAt < before)
        .slice(0, limit),
    recent: async (_, { limit, before = Number.POSITIVE_INFINITY }) =>
      newestFirst()
        .filter(({ createdAt }) => createdAt < before)
        .slice(0, limit),
    // There are no messages and no threads to find something in.
    findByMessage: async () => null,
    findByThread: async () => null,
    async delete(id) {
      const job = jobs.get(id);
      if (job === undefined) return 'not_found';
      remove(job);
      return 'deleted';
    },
    async forget() {
      const known = [...jobs.values()];
      const removed = known.reduce((sum, job) => sum + remove(job), 0);
      settings = {};
      return { jobs: known.length, pictures: removed };
    },
    settings: async () => settings,
    async saveSettings(_, saved) {
      settings = saved;
    },
    async keepUpload(png) {
      const key = uploadKey(randomUUID());
      pictures.set(key, png);
      return key;
    },
    readPicture: async (key) => pictures.get(key) ?? null,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
