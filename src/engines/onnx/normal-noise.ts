import { philox4x32 } from './philox.ts';

/**
 * Standard normal noise of one picture: the same on every machine and in every engine, whatever else is in the batch.
 *
 * Block `b` is `philox4x32(counter = (b, 0, stream, 0), key = (low, high 32 bits of the seed))` and gives elements
 * `4b` to `4b + 3`. A word `w` becomes `u = (w + 0.5) / 2^32`, which is above 0 and below 1. Words 0 and 1 give
 * `sqrt(-2 ln u0) * cos(2 pi u1)` and `sqrt(-2 ln u0) * sin(2 pi u1)`, words 2 and 3 likewise (Box-Muller), computed
 * in float64 and rounded to float32 at the end. Elements follow the order of the latents `[channels, height, width]`.
 *
 * Stream 0 is the starting noise; stream `k + 1` is the noise that the `k`-th step that runs (from 0) adds.
 */
export function normalNoise(seed: number, stream: number, length: number): Float32Array {
  const noise = new Float32Array(length);
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  for (let block = 0; block * 4 < length; block++) {
    const [w0, w1, w2, w3] = philox4x32([block, 0, stream, 0], key);
    writePair(noise, block * 4, w0, w1);
    writePair(noise, block * 4 + 2, w2, w3);
  }
  return noise;
}

/** Writing beyond the end of a typed array is a no-op, so the last block needs no case of its own. */
function writePair(noise: Float32Array, at: number, word0: number, word1: number): void {
  const radius = Math.sqrt(-2 * Math.log((word0 + 0.5) / 2 ** 32));
  const angle = 2 * Math.PI * ((word1 + 0.5) / 2 ** 32);
  noise[at] = radius * Math.cos(angle);
  noise[at + 1] = radius * Math.sin(angle);
}
