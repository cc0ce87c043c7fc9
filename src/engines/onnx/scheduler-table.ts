import type { SchedulerName } from '../image-engine.ts';
import {
  almostNoise,
  clean,
  logSignalToNoise,
  type NoiseLevel,
  type NoiseScheduleOptions,
  noiseLevels,
} from './noise-schedule.ts';

export interface SchedulerTableOptions extends NoiseScheduleOptions {
  /** 1 to the number of training timesteps. */
  readonly steps: number;
  readonly predictionType: 'epsilon' | 'v_prediction';
  /** `leading` counts up from the first timestep, `trailing` down from the last (Lin et al. 2023, table 2). */
  readonly timestepSpacing: 'leading' | 'trailing';
  /** Added to every timestep of `leading`. */
  readonly stepsOffset: number;
  /** Start from a picture: above 0 to 1; absent for starting from noise. */
  readonly strength?: number;
  /** From this row on, nothing is concluded from estimates before it: there the model's answer jumps. */
  readonly restart?: number;
}

/** What one step does. All latents have unit variance when they are pure noise ("variance preserving"). */
export interface SchedulerRow {
  /** What the model is told. */
  readonly timestep: number;
  /** The model's idea of the clean latents: `latents * .latents + model output * .output`. */
  readonly estimate: { readonly latents: number; readonly output: number };
  /** Next latents: the sum of current latents, this estimate, the one before, the one before that, and noise. */
  readonly next: {
    readonly latents: number;
    readonly estimates: readonly [number, number, number];
    readonly noise: number;
  };
  /** How noisy the next latents are; after the last step clean, as the decoder takes them. For `masks.ts`. */
  readonly after: NoiseLevel;
}

export interface SchedulerTable {
  /** The first latents are `picture * clean latents + noise * normal noise`. */
  readonly start: { readonly picture: number; readonly noise: number };
  readonly rows: readonly SchedulerRow[];
}

/** One point of a trajectory, before its step. */
interface Point {
  readonly timestep: number;
  readonly level: NoiseLevel;
}

interface Trajectory {
  readonly points: readonly Point[];
  /** The level after the last step. */
  readonly end: NoiseLevel;
}

/**
 * A scheduler as numbers: the loop that applies the rows does not know which scheduler it runs.
 *
 * Equal to diffusers with the same `beta_schedule`, `timestep_spacing` and `rescale_betas_zero_snr`, and
 * - ddim: `DDIMScheduler(set_alpha_to_one=False, clip_sample=False)`, eta 0;
 * - dpmpp_2m: `DPMSolverMultistepScheduler(algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint",
 *   lower_order_final=True, final_sigmas_type="zero")`;
 * - unipc: `UniPCMultistepScheduler(solver_order=2, solver_type="bh2", predict_x0=True, lower_order_final=True,
 *   final_sigmas_type="zero")`;
 * - euler: `EulerDiscreteScheduler()`, euler_ancestral: `EulerAncestralDiscreteScheduler()`. diffusers runs these two
 *   on latents times `sqrt(1 + s^2)` with `s = sigma / alpha`; divided by that they are the rows here.
 *
 * With `trailing` spacing, DDIM goes from each timestep to the next one; diffusers' goes down by a rounded ratio, which is
 * elsewhere where the steps do not divide the training timesteps.
 *
 * With `strength`, the first `steps - floor(steps * strength)` steps are left out, as in diffusers' image-to-image
 * pipeline; at least one step runs, where diffusers refuses.
 */
export function schedulerTable(name: SchedulerName, options: SchedulerTableOptions): SchedulerTable {
  const { points, end } = trajectory(name, options);
  const { steps, restart } = options;
  const first = steps - stepsThatRun(steps, options.strength);
  const rows = points.slice(first).map((point, index, run) => {
    const next = run[index + 1]?.level ?? end;
    const known = restart === undefined || index < restart ? index : index - restart;
    const earlier = [
      known >= 1 ? run[index - 1]?.level : undefined,
      known >= 2 ? run[index - 2]?.level : undefined,
    ] as const;
    const isLast = index === run.length - 1;
    return {
      timestep: point.timestep,
      estimate: estimateWeights(point.level, options.predictionType),
      next: nextWeights(name, point.level, next, earlier, isLast),
      after: isLast ? clean : next,
    };
  });
  const level = points[first]?.level ?? clean;
  if (options.strength !== undefined) return { start: { picture: level.alpha, noise: level.sigma }, rows };
  // diffusers' Euler schedulers start `trailing` with noise of the first level, not of unit variance.
  const isScaled = name.startsWith('euler') && options.timestepSpacing === 'trailing';
  return { start: { picture: 0, noise: isScaled ? level.sigma : 1 }, rows };
}

/** How many of `steps` are left with a `strength`: at least one. */
export function stepsThatRun(steps: number, strength: number | undefined): number {
  return strength === undefined ? steps : Math.min(steps, Math.max(1, Math.floor(steps * strength)));
}

function trajectory(name: SchedulerName, options: SchedulerTableOptions): Trajectory {
  const { steps, trainTimesteps } = options;
  const levels = noiseLevels(options);
  const levelAt = (timestep: number): NoiseLevel => {
    const level = levels[Math.min(timestep, trainTimesteps - 1)] ?? clean;
    return level.alpha === 0 && name !== 'ddim' ? almostNoise : level;
  };
  const points = timestepsOf(name, options).map((timestep) => ({ timestep, level: levelAt(timestep) }));
  // DDIM steps by the ratio from wherever it is, but not beyond the first training timestep.
  const afterLast = (points.at(-1)?.timestep ?? 0) - Math.floor(trainTimesteps / steps);
  return { points, end: name === 'ddim' ? levelAt(Math.max(0, afterLast)) : clean };
}

function timestepsOf(name: SchedulerName, options: SchedulerTableOptions): readonly number[] {
  const { steps, trainTimesteps, timestepSpacing, stepsOffset } = options;
  const indices = Array.from({ length: steps }, (_, index) => index);
  if (timestepSpacing === 'trailing')
    return indices.map((index) => roundHalfToEven((trainTimesteps * (steps - index)) / steps) - 1);
  // The multistep schedulers leave out timestep 0.
  const skipped = name === 'dpmpp_2m' || name === 'unipc' ? 1 : 0;
  const ratio = Math.floor(trainTimesteps / (steps + skipped));
  return indices.map((index) => (steps - 1 - index + skipped) * ratio + stepsOffset);
}

/** As numpy rounds. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

function estimateWeights({ alpha, sigma }: NoiseLevel, predictionType: 'epsilon' | 'v_prediction') {
  return predictionType === 'epsilon'
    ? { latents: 1 / alpha, output: -sigma / alpha }
    : { latents: alpha, output: -sigma };
}

function nextWeights(
  name: SchedulerName,
  from: NoiseLevel,
  to: NoiseLevel,
  earlier: readonly [NoiseLevel | undefined, NoiseLevel | undefined],
  isLast: boolean,
): SchedulerRow['next'] {
  switch (name) {
    case 'ddim':
    case 'euler':
      return firstOrder(from, to);
    case 'euler_ancestral':
      return eulerAncestral(from, to);
    case 'dpmpp_2m':
      return isLast ? firstOrder(from, to) : secondOrder(from, to, earlier[0]);
    case 'unipc':
      return uniPc(from, to, earlier, isLast);
    default:
      return name satisfies never;
  }
}

/** DDIM, eq. 12 with eta 0; Euler on the probability flow in `s = sigma / alpha` is the same step. */
function firstOrder(from: NoiseLevel, to: NoiseLevel): SchedulerRow['next'] {
  const latents = to.sigma / from.sigma;
  return { latents, estimates: [to.alpha - from.alpha * latents, 0, 0], noise: 0 };
}

/** Down to a lower level than asked for, then up again with fresh noise (k-diffusion, `get_ancestral_step`). */
function eulerAncestral(from: NoiseLevel, to: NoiseLevel): SchedulerRow['next'] {
  const s = from.sigma / from.alpha;
  const sNext = to.sigma / to.alpha;
  const up = Math.sqrt((sNext ** 2 * (s ** 2 - sNext ** 2)) / s ** 2);
  const down = Math.sqrt(sNext ** 2 - up ** 2);
  return {
    latents: ((down / s) * to.alpha) / from.alpha,
    estimates: [(1 - down / s) * to.alpha, 0, 0],
    noise: up * to.alpha,
  };
}

/** DPM-Solver++(2M), algorithm 2; first order while there is no earlier estimate. */
function secondOrder(from: NoiseLevel, to: NoiseLevel, before: NoiseLevel | undefined): SchedulerRow['next'] {
  const base = firstOrder(from, to);
  if (before === undefined) return base;
  const slope = (base.estimates[0] * 0.5) / stepRatio(before, from, to);
  return { latents: base.latents, estimates: [base.estimates[0] + slope, -slope, 0], noise: 0 };
}

/** The length of the step before, in logarithms of the signal-to-noise ratio, over that of this step. */
function stepRatio(before: NoiseLevel, from: NoiseLevel, to: NoiseLevel): number {
  const at = logSignalToNoise(from);
  return (at - logSignalToNoise(before)) / (logSignalToNoise(to) - at);
}

/**
 * UniPC-2 with B2(h): the predictor is DPM-Solver++(2M)'s step. The corrector mends the latents that the step before
 * predicted, now that the model has been asked about them; both keep the same share of the latents before, so that the
 * mended latents are the current ones plus a sum of estimates, and no second latent has to be kept.
 */
function uniPc(
  from: NoiseLevel,
  to: NoiseLevel,
  [before, beforeThat]: readonly [NoiseLevel | undefined, NoiseLevel | undefined],
  isLast: boolean,
): SchedulerRow['next'] {
  const predictor = isLast ? firstOrder(from, to) : secondOrder(from, to, before);
  if (before === undefined) return predictor;
  const predicted = secondOrder(before, from, beforeThat).estimates;
  const corrected = correctedEstimates(before, from, beforeThat);
  const [p0, p1, p2] = predictor.estimates;
  const mend = predictor.latents;
  return {
    latents: predictor.latents,
    estimates: [
      p0 + mend * corrected[0],
      p1 + mend * (corrected[1] - predicted[0]),
      p2 + mend * (corrected[2] - predicted[1]),
    ],
    noise: 0,
  };
}

/** Weights of the newest, the last and the last but one estimate in the corrected step (UniPC, algorithm 1). */
function correctedEstimates(
  from: NoiseLevel,
  to: NoiseLevel,
  before: NoiseLevel | undefined,
): readonly [number, number, number] {
  const whole = firstOrder(from, to).estimates[0];
  if (before === undefined) return [whole * 0.5, whole * 0.5, 0];
  const h = logSignalToNoise(from) - logSignalToNoise(to);
  const growth = Math.expm1(h);
  const b1 = (growth / h - 1) / growth;
  const b2 = (2 * ((growth / h - 1) / h - 0.5)) / growth;
  const r = -stepRatio(before, from, to);
  // The 2x2 system [[1, 1], [r, 1]] rho = [b1, b2].
  const rhoBefore = (b1 - b2) / (1 - r);
  const rhoNew = b1 - rhoBefore;
  return [whole * rhoNew, whole * (1 - rhoBefore / r - rhoNew), (whole * rhoBefore) / r];
}
