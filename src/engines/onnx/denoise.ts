import { EngineError } from '../../errors.ts';
import type { GenerateRequest } from '../image-engine.ts';
import type { DrawOptions, Pipeline } from './draw.ts';
import { type KeptPicture, keepEstimate, keepLatents, latentMask } from './masks.ts';
import { normalNoise } from './normal-noise.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { fromPicture, toPreview } from './pixels.ts';
import { type SchedulerRow, type SchedulerTable, schedulerTable, stepsThatRun } from './scheduler-table.ts';
import type { FloatTensor } from './sessions.ts';
import { planSteps, type StepKind } from './step-kinds.ts';

/** One picture while it is drawn. */
interface Canvas {
  readonly seed: number;
  /** The noise that it set out with. */
  readonly start: Float32Array;
  readonly latents: Float32Array;
  /** The model's last ideas of the clean latents, newest first. */
  estimates: readonly [Float32Array, Float32Array, Float32Array];
  /** What the prompt made of the last answer that was guided. */
  difference: Float64Array;
}

/**
 * The steps of a drawing, over all its pictures: the finished latents, times the scaling factor. Of two rows of `states`
 * the first is that of the negative prompt.
 */
export async function denoise(
  pipeline: Pipeline,
  request: GenerateRequest,
  states: FloatTensor,
  { signal, onProgress }: Omit<DrawOptions, 'clock'>,
): Promise<readonly FloatTensor[]> {
  const { config, sessions } = pipeline;
  const { previewEvery, guidanceScale, size, init } = request;
  const grid = { width: size.width / config.downscale, height: size.height / config.downscale };
  const shape = [1, config.latent_channels, grid.height, grid.width];
  const plan = planSteps(request.speed, stepsThatRun(request.steps, init?.strength), states.shape[0] === 2);
  const { start, rows } = tableFor(config, request, plan.restart);
  const clean = await cleanLatents(pipeline, request, config.latent_channels * grid.height * grid.width);
  const kept = init?.mask === undefined ? null : { weights: latentMask(init.mask, config.downscale), clean };
  const prompted = lastRow(states);
  const canvases = request.seeds.map((seed) => newCanvas(seed, clean, start));
  for (const [index, row] of rows.entries()) {
    const kind = plan.kinds[index] ?? { isGuided: false, sharesGuidance: false };
    const seen = kind.isGuided ? states : prompted;
    for (const canvas of canvases) {
      signal.throwIfAborted();
      const sample = repeat(canvas.latents, shape, seen.shape[0] ?? 1);
      const { data } = await sessions.denoise(sample, row.timestep, seen);
      const noise = row.next.noise === 0 ? null : normalNoise(canvas.seed, index + 1, canvas.latents.length);
      applyRow(row, canvas, guided(canvas, kind, data, guidanceScale), noise);
      if (kept !== null) keepGiven(canvas, kept, row);
    }
    signal.throwIfAborted();
    const step = index + 1;
    const isPreviewDue = previewEvery > 0 && step % previewEvery === 0;
    const toSmall = ({ estimates }: Canvas) => toPreview(estimates[0], grid, config.latent_rgb);
    onProgress({ step, steps: rows.length, ...(isPreviewDue && { previews: canvases.map(toSmall) }) });
  }
  if (!canvases.every(({ latents }) => latents.every(Number.isFinite))) {
    throw new EngineError('model_failed', 'Expected the model to give finite numbers, got NaN or infinity.');
  }
  return canvases.map(({ latents }) => ({ data: latents, shape }));
}

function tableFor(
  config: PipelineConfig,
  { scheduler, steps, init }: GenerateRequest,
  restart: number | null,
): SchedulerTable {
  return schedulerTable(scheduler, {
    steps,
    predictionType: config.prediction_type,
    trainTimesteps: config.num_train_timesteps,
    betaSchedule: config.beta_schedule,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    timestepSpacing: config.timestep_spacing,
    stepsOffset: config.steps_offset,
    rescaleBetasZeroSnr: config.rescale_betas_zero_snr,
    ...(init && { strength: init.strength }),
    ...(restart !== null && { restart }),
  });
}

/** The given picture's scaled latents; without a picture zeros. */
async function cleanLatents(
  { config, sessions }: Pipeline,
  { init }: GenerateRequest,
  length: number,
): Promise<Float64Array> {
  if (init === undefined) return new Float64Array(length);
  const { data } = await sessions.encode(fromPicture(init.picture));
  return Float64Array.from(data, (value) => config.scaling_factor * value);
}

function newCanvas(seed: number, clean: Float64Array, weights: SchedulerTable['start']): Canvas {
  const { length } = clean;
  const start = normalNoise(seed, 0, length);
  const latents = start.map((value, at) => weights.noise * value + weights.picture * (clean[at] ?? 0));
  const empty = () => new Float32Array(length);
  return { seed, start, latents, estimates: [empty(), empty(), empty()], difference: new Float64Array(length) };
}

function repeat(latents: Float32Array, shape: readonly number[], times: number): FloatTensor {
  const data = new Float32Array(latents.length * times);
  for (let at = 0; at < data.length; at += latents.length) data.set(latents, at);
  return { data, shape: [times, ...shape.slice(1)] };
}

/** The prompt's own states. */
function lastRow({ data, shape: [rows = 1, ...rest] }: FloatTensor): FloatTensor {
  return { data: data.subarray(data.length - data.length / rows), shape: [1, ...rest] };
}

/** Classifier-free guidance: the answer without the prompt, and from there towards the one with it. */
function guided(canvas: Canvas, kind: StepKind, output: Float32Array, scale: number): Float32Array {
  const { difference } = canvas;
  const { length } = difference;
  if (!kind.isGuided) {
    return kind.sharesGuidance ? output.map((value, at) => value + (scale - 1) * (difference[at] ?? 0)) : output;
  }
  const result = new Float32Array(length);
  for (let at = 0; at < length; at++) {
    const without = output[at] ?? 0;
    const apart = (output[length + at] ?? 0) - without;
    difference[at] = apart;
    result[at] = without + scale * apart;
  }
  return result;
}

/** One step of any scheduler, in place. */
function applyRow({ estimate, next }: SchedulerRow, canvas: Canvas, output: Float32Array, noise: Float32Array | null) {
  const { latents } = canvas;
  const [last, lastButOne, newest] = canvas.estimates;
  const [a, b, c] = next.estimates;
  for (let at = 0; at < latents.length; at++) {
    const latent = latents[at] ?? 0;
    const guess = estimate.latents * latent + estimate.output * (output[at] ?? 0);
    const history = b * (last[at] ?? 0) + c * (lastButOne[at] ?? 0);
    newest[at] = guess;
    latents[at] = next.latents * latent + a * guess + history + next.noise * (noise?.[at] ?? 0);
  }
  canvas.estimates = [newest, last, lastButOne];
}

/** After a step, what the mask keeps of the given picture. */
function keepGiven({ latents, start, estimates: [newest] }: Canvas, kept: KeptPicture, { after }: SchedulerRow): void {
  keepLatents(latents, kept, start, after);
  keepEstimate(newest, kept);
}
