import type { DrawRequest } from './job.ts';

/** Measured speed of one kind of job. */
export interface Estimate {
  /** Milliseconds a picture besides its steps: text encoder, decoder, encoding, storing. */
  readonly fixedMs: number;
  /** Milliseconds for one step of one picture. */
  readonly stepMs: number;
  /** How many jobs were measured. */
  readonly samples: number;
}

/** One finished drawing as measured. */
export interface Measurement {
  /** From claim to stored. */
  readonly totalMs: number;
  /** Within the denoising loop. */
  readonly loopMs: number;
  /** Steps that were really run. */
  readonly steps: number;
  readonly count: number;
}

// A new speed (another model loaded, a busy machine) shows after a few jobs, one odd job hardly.
const weightOfNewest = 0.3;

/** Jobs of one kind take comparable time a picture and step. */
export function estimateKind(request: DrawRequest): string {
  const { width, height } = request.size;
  const start = request.action === 'enlarge' ? 'enlarge' : request.init === null ? 'text' : 'picture';
  const control = request.control === null ? '' : ' controlled';
  const speed = request.speed === 'exact' ? '' : ` ${request.speed}`;
  return `${request.model} ${width}x${height} ${start}${control}${speed}`;
}

/** The moving average after one more drawing. */
export function addMeasurement(before: Estimate | undefined, { totalMs, loopMs, steps, count }: Measurement): Estimate {
  const fixedMs = Math.max(0, totalMs - loopMs) / count;
  const stepMs = steps === 0 ? 0 : loopMs / (steps * count);
  if (before === undefined) return { fixedMs, stepMs, samples: 1 };
  const mix = (old: number, fresh: number) => old + weightOfNewest * (fresh - old);
  return {
    fixedMs: mix(before.fixedMs, fixedMs),
    stepMs: mix(before.stepMs, stepMs),
    samples: before.samples + 1,
  };
}

/** Steps that a request runs: fewer than asked for when it starts from a picture. */
export function stepsToRun(request: DrawRequest): number {
  return request.init === null ? request.steps : Math.max(1, Math.ceil(request.steps * request.init.strength));
}

/** How long the request takes once it begins; null when nothing of its kind was ever measured. */
export function estimateMs(estimates: ReadonlyMap<string, Estimate>, request: DrawRequest): number | null {
  const estimate = estimates.get(estimateKind(request));
  if (estimate === undefined) return null;
  return request.count * (estimate.fixedMs + estimate.stepMs * stepsToRun(request));
}
