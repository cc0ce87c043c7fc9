import { describe, expect, it } from 'vitest';
import {
  edgeWeights,
  type KeptPicture,
  keepEstimate,
  keepLatents,
  keepPixels,
  latentMask,
} from '../../../src/engines/onnx/masks.ts';
import { schedulerTable } from '../../../src/engines/onnx/scheduler-table.ts';
import { readVectors } from './test-vectors.ts';

const { masks, schedulers } = readVectors();
const height = masks.mask.length;
const width = masks.mask[0]?.length ?? 0;
const mask = { width, height, data: Uint8Array.from(masks.mask.flat()) };
const trained = { trainTimesteps: 1000, betaSchedule: 'scaled_linear', betaStart: 0.000_85, betaEnd: 0.012 } as const;

function expectClose(got: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  expect(Math.max(...wanted.map((value, at) => Math.abs(value - (got[at] ?? 99))))).toBeLessThanOrEqual(tolerance);
}

describe('a mask', () => {
  it('is averaged down to latents as in Python', () => {
    expectClose(latentMask(mask, 8), masks.latents.flat(), 1e-7);
  });

  it('has soft edges inside what is drawn, and keeps what is black to the bit', () => {
    const weights = edgeWeights(mask);
    expectClose(weights, masks.edges.flat(), 1e-7);
    const rgb = (values: readonly number[]) => ({ width, height, data: Uint8Array.from(values) });
    const { data } = keepPixels(rgb(masks.drawn), rgb(masks.given), weights);
    // A float32 weight may tip what lies just between two levels.
    expectClose(data, masks.pixels, 1);
    for (const [at, value] of mask.data.entries()) {
      if (value === 0)
        expect(data.subarray(at * 3, at * 3 + 3)).toEqual(Uint8Array.from(masks.given.slice(at * 3, at * 3 + 3)));
    }
  });
});

describe('a trajectory that is mended after each step', () => {
  it.each(masks.cases)(
    'is that of diffusers with $scheduler, $prediction, $steps steps, strength $strength',
    ({ scheduler, prediction, spacing, steps, strength, final }) => {
      const options = { ...trained, ...schedulers.spacings[spacing], predictionType: prediction, steps, strength };
      const { start, rows } = schedulerTable(scheduler, options);
      const kept: KeptPicture = {
        weights: Float32Array.from(masks.weights),
        clean: Float64Array.from(masks.picture),
      };
      const noise = Float32Array.from(masks.noise);
      const latents = Float32Array.from(
        noise,
        (value, at) => start.noise * value + start.picture * (kept.clean[at] ?? 0),
      );
      let estimates = [new Float32Array(4), new Float32Array(4), new Float32Array(4)] as const;
      for (const [index, { timestep, estimate, next, after }] of rows.entries()) {
        const before = [...latents];
        // The model and the step's noise of make_vectors.py.
        const guess = Float32Array.from(before, (x) => {
          const output = 0.8 * Math.tanh(x) + 0.1 * Math.sin(3 * x + timestep / 100);
          return estimate.latents * x + estimate.output * output;
        });
        estimates = [guess, estimates[0], estimates[1]];
        for (const [at, x] of before.entries()) {
          const history = next.estimates.reduce((sum, weight, age) => sum + weight * (estimates[age]?.[at] ?? 0), 0);
          latents[at] = next.latents * x + history + next.noise * 1.5 * Math.sin(1 + 7 * index + 3 * at);
        }
        keepLatents(latents, kept, noise, after);
        keepEstimate(guess, kept);
      }
      expectClose(latents, final, 1e-4);
      // Where the mask is 0, the picture itself.
      expect(latents[0]).toBeCloseTo(masks.picture[0] ?? 99, 6);
    },
  );
});
