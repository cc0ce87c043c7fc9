import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EngineProgress, ImageEngine } from '../engines/image-engine.ts';
import { InvalidRequestError, QuartetError } from '../errors.ts';
import { type DrawnPicture, type DrawnPictures, draw, type PictureCodec } from './draw.ts';
import { stepsToRun } from './estimates.ts';
import type { Drawing, DrawingJob, JobFailure, PictureKey, StoredPicture } from './job.ts';
import type { JobEvents } from './job-events.ts';
import type { JobStore } from './job-store.ts';
import { type PictureStore, pictureKey } from './picture-store.ts';
import { retryDelay, retryPolicies } from './retry-policies.ts';
import { settleModel } from './settle-model.ts';
import type { Timekeeper } from './timekeeper.ts';

/** Everything that one attempt at drawing needs. */
export interface DrawingParts {
  readonly store: JobStore;
  readonly pictures: PictureStore;
  readonly engine: ImageEngine;
  readonly codec: PictureCodec;
  readonly timekeeper: Timekeeper;
  readonly events: JobEvents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Why a drawing under way is stopped: the reason of its abort signal. */
export class StopDrawing extends Error {
  override readonly name = 'StopDrawing';
  /** `handed_back`: the process ends, another one draws it; `lost`: it was cancelled, removed or taken over elsewhere. */
  readonly why: 'cancelled' | 'lost' | 'handed_back';

  constructor(why: StopDrawing['why']) {
    super(`the drawing was stopped (${why})`);
    this.why = why;
  }
}

/** Draw a claimed job, store its pictures, and write down how it ended. Throws only when that cannot be written. */
export async function attemptDrawing(claimed: DrawingJob, signal: AbortSignal, parts: DrawingParts): Promise<void> {
  const job = await settle(claimed, parts);
  if (job === null) return;
  parts.events.state(job);
  parts.events.progress(job, {
    phase: 'drawing',
    step: 0,
    steps: stepsToRun(job.request),
    secondsLeft: toSeconds(parts.timekeeper.estimate(job.request)),
    previews: null,
  });
  try {
    const begun = parts.clock();
    const drawn = await drawWithProgress(job, signal, parts);
    const drawing = await keep(job, drawn, signal, parts);
    const totalMs = parts.clock() - begun;
    await saveDrawn(job, drawing, parts);
    if (drawn.steps > 0) {
      const { steps, timings } = drawn;
      await parts.timekeeper.record(job.request, {
        totalMs,
        loopMs: Math.min(timings.loopMs, totalMs),
        steps,
        count: job.request.count,
      });
    }
  } catch (error) {
    if (signal.aborted) await stopped(job, signal.reason, parts);
    else await recover(job, error, parts);
  }
}

/** Writes down which model draws, where the request left that open; null when the attempt is no longer ours. */
async function settle(job: DrawingJob, parts: DrawingParts): Promise<DrawingJob | null> {
  const request = settleModel(job.request, parts.engine.describe());
  return request === job.request ? job : persist(parts, () => parts.store.changeRequest(job, request));
}

function drawWithProgress(job: DrawingJob, signal: AbortSignal, parts: DrawingParts): Promise<DrawnPictures> {
  const { engine, codec, pictures, events, timekeeper, clock } = parts;
  const begun = clock();
  const estimate = timekeeper.estimate(job.request);
  const onProgress = ({ step, steps, previews }: EngineProgress) => {
    if (signal.aborted) return;
    const elapsed = clock() - begun;
    // By the estimate while little is drawn, by this drawing's own speed towards its end.
    const own = (elapsed / step) * (steps - step);
    const done = step / steps;
    const left = estimate === null ? own : done * own + (1 - done) * Math.max(0, estimate - elapsed);
    events.progress(job, {
      phase: 'drawing',
      step,
      steps,
      secondsLeft: toSeconds(left),
      previews: previews ?? null,
    });
  };
  const readPicture = (key: PictureKey) => pictures.read(key);
  const previews = mayShowPreviews(job, parts) ? {} : { previews: 0 };
  return draw(job.request, { engine, codec, readPicture, signal, onProgress, ...previews });
}

/** What may have to be withheld in the end is not shown half-drawn: nobody has looked at a preview. */
function mayShowPreviews({ request, replyTo }: DrawingJob, { engine }: DrawingParts): boolean {
  const model = engine.describe().models.find(({ id }) => id === request.model);
  return model?.safetyChecker !== true || replyTo.ageRestricted;
}

/** Store the pictures: nothing is called drawn before all of them are on the disk. */
async function keep(
  job: DrawingJob,
  drawn: DrawnPictures,
  signal: AbortSignal,
  { pictures }: DrawingParts,
): Promise<Drawing> {
  const put = async (picture: DrawnPicture, index: number): Promise<StoredPicture> => {
    const key = pictureKey(job.id, index);
    await pictures.put(key, picture.png);
    const { seed, size, altText, unsafe } = picture;
    return { key, seed, size, bytes: picture.png.byteLength, altText, unsafe };
  };
  const stored = await Promise.all(drawn.pictures.map(put));
  signal.throwIfAborted();
  const { timings, resized, unknownWords } = drawn;
  return { pictures: stored, timings, resized, unknownWords };
}

async function saveDrawn(job: DrawingJob, drawing: Drawing, parts: DrawingParts): Promise<void> {
  const saved = await persist(parts, () => parts.store.saveDrawn(job, drawing, parts.clock()));
  if (saved !== null) return parts.events.state(saved);
  await removeUnwanted(job, parts);
}

/** A cancelled or removed job leaves no pictures; one that another attempt draws shares its keys with us. */
async function removeUnwanted(job: DrawingJob, { store, pictures }: DrawingParts): Promise<void> {
  const current = await store.get(job.id);
  if (current !== null && current.state !== 'cancelled' && current.state !== 'failed') return;
  await pictures.remove(Array.from({ length: job.request.count }, (_, index) => pictureKey(job.id, index)));
}

async function stopped(job: DrawingJob, reason: unknown, parts: DrawingParts): Promise<void> {
  if (!(reason instanceof StopDrawing) || reason.why !== 'handed_back') return removeUnwanted(job, parts);
  const back = await parts.store.putBack(job, { notBefore: 0, setback: false });
  if (back !== null) parts.events.state(back.job);
}

async function recover(job: DrawingJob, error: unknown, parts: DrawingParts): Promise<void> {
  const { store, clock, random, logger, events } = parts;
  if (!(error instanceof QuartetError)) logger.error({ err: error, jobId: job.id }, 'drawing failed unexpectedly');
  const failure = toFailure(error);
  const isTransient = error instanceof QuartetError && !(error instanceof InvalidRequestError) && error.retryable;
  const hasBegun = !neverBegun.has(failure.code);
  const policy = hasBegun ? retryPolicies.draw : retryPolicies.wait;
  const tries = hasBegun ? (await persist(parts, () => store.setbacks(job.id))) + 1 : job.attempt;
  if (!isTransient || tries >= policy.maxAttempts) {
    const failed = await persist(parts, () => store.saveFailed(job, failure, clock()));
    if (failed !== null) events.state(failed);
    return;
  }
  logger.warn({ err: error, jobId: job.id, tries }, 'drawing failed, will try again');
  const notBefore = clock() + retryDelay(policy, tries, random);
  const back = await persist(parts, () => store.putBack(job, { notBefore, setback: hasBegun }));
  if (back === null) return;
  events.state(back.job);
  events.progress(back.job, { phase: 'retrying', failure });
}

/** Codes of an engine that did not take the job: it goes on waiting, however often that happens. */
const neverBegun: ReadonlySet<string> = new Set(['engine_away', 'engine_busy', 'engine_model_missing']);

function toFailure(error: unknown): JobFailure {
  if (error instanceof QuartetError) return { code: error.code, message: error.message };
  return { code: 'internal_error', message: 'Something went wrong in the program while drawing.' };
}

/** Try until the database is back: the pictures are drawn already. Nobody else takes the job while its lease is renewed. */
async function persist<Result>({ logger, clock, random }: DrawingParts, work: () => Promise<Result>): Promise<Result> {
  const policy = retryPolicies.save;
  const begun = clock();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isTransient = error instanceof QuartetError && error.retryable;
      if (!isTransient || attempt >= policy.maxAttempts || clock() - begun > policy.giveUpAfterMs) throw error;
      logger.warn({ err: error, attempt }, 'the database is away, will try to save again');
      await sleep(retryDelay(policy, attempt, random));
    }
  }
}

function toSeconds(ms: number | null): number | null {
  return ms === null ? null : Math.ceil(ms / 1_000);
}
