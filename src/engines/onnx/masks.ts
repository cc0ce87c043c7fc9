import type { GreyPicture, RgbPicture } from '../image-engine.ts';
import type { NoiseLevel } from './noise-schedule.ts';

/**
 * Painting within a mask: a given picture is kept where the mask is 0, and drawn anew where it is 255.
 *
 * With m the mask averaged down to latents, `clean` the given picture's scaled latents and `start` the seed's own noise
 * of stream 0, each step of any scheduler is followed by
 *
 *     latents = m * latents + (1 - m) * (after.alpha * clean + after.sigma * start)
 *     estimate = m * estimate + (1 - m) * clean
 *
 * where `after` is that of the step's row and `estimate` the newest one. So what is kept is as noisy as the rest, as the
 * model expects it, and the schedulers that look back find estimates that belong to the latents they are given.
 * `quartet_pipeline/masks.py` does the same; `triton-models/tests/vectors/masks.json` holds both to it.
 */
export interface KeptPicture {
  /** One weight for each place of the latents, 0 keeps and 1 draws. */
  readonly weights: Float32Array;
  /** The given picture's scaled latents. */
  readonly clean: Float64Array;
}

/** Pixels to each side over which the edge of a mask is softened. */
const edge = 3;

/** The mean of each square of `downscale` pixels, from 0 to 1, row by row. */
export function latentMask({ width, height, data }: GreyPicture, downscale: number): Float32Array {
  const columns = width / downscale;
  const sums = new Float64Array(columns * (height / downscale));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / downscale) * columns;
    for (let x = 0; x < width; x++) {
      const at = row + Math.floor(x / downscale);
      sums[at] = (sums[at] ?? 0) + (data[y * width + x] ?? 0);
    }
  }
  return Float32Array.from(sums, (sum) => sum / (255 * downscale ** 2));
}

/** What is kept takes its place among latents that have come down to `level`, in place. */
export function keepLatents(
  latents: Float32Array,
  { weights, clean }: KeptPicture,
  start: Float32Array,
  level: NoiseLevel,
): void {
  for (let at = 0; at < latents.length; at++) {
    const weight = weights[at % weights.length] ?? 1;
    const given = level.alpha * (clean[at] ?? 0) + level.sigma * (start[at] ?? 0);
    latents[at] = weight * (latents[at] ?? 0) + (1 - weight) * given;
  }
}

/** The same for the model's idea of the clean latents. */
export function keepEstimate(estimate: Float32Array, { weights, clean }: KeptPicture): void {
  for (let at = 0; at < estimate.length; at++) {
    const weight = weights[at % weights.length] ?? 1;
    estimate[at] = weight * (estimate[at] ?? 0) + (1 - weight) * (clean[at] ?? 0);
  }
}

/**
 * How much of the drawn picture each pixel takes, from 0 to 1: `mask / 255 * max(0, 2 * mean - 1)`, with the mean of
 * `mask / 255` over 7 x 7 pixels (beyond the picture's border, the border's own). A straight edge rises within four
 * pixels inside what is drawn, so that no seam shows there; where the mask is 0 it stays 0.
 */
export function edgeWeights({ width, height, data }: GreyPicture): Float32Array {
  const side = 2 * edge + 1;
  const across = new Float64Array(width * height);
  const within = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let by = -edge; by <= edge; by++) sum += data[y * width + within(x + by, width)] ?? 0;
      across[y * width + x] = sum;
    }
  }
  return Float32Array.from(data, (value, at) => {
    const x = at % width;
    const y = (at - x) / width;
    let sum = 0;
    for (let by = -edge; by <= edge; by++) sum += across[within(y + by, height) * width + x] ?? 0;
    return ((value / 255) * Math.max(0, 2 * sum - 255 * side ** 2)) / (255 * side ** 2);
  });
}

/** The drawn picture with the pixels of the given one in their place: rounded half up. */
export function keepPixels(drawn: RgbPicture, given: RgbPicture, weights: Float32Array): RgbPicture {
  const data = Uint8Array.from(given.data, (before, at) => {
    const weight = weights[Math.floor(at / 3)] ?? 1;
    return Math.floor(before + weight * ((drawn.data[at] ?? 0) - before) + 0.5);
  });
  return { width: drawn.width, height: drawn.height, data };
}
