import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineLimits, schedulerNames } from '../../../src/engines/image-engine.ts';
import {
  type SchedulerTable,
  type SchedulerTableOptions,
  schedulerTable,
} from '../../../src/engines/onnx/scheduler-table.ts';
import { readVectors, spacingNames } from './test-vectors.ts';

const vectors = readVectors().schedulers;
const trained = {
  trainTimesteps: 1000,
  betaSchedule: 'scaled_linear',
  betaStart: 0.000_85,
  betaEnd: 0.012,
} as const;
const sd15 = { ...trained, ...vectors.spacings.leading };
const anyOptions = fc
  .record({
    name: fc.constantFrom(...schedulerNames),
    steps: fc.integer({ min: 1, max: engineLimits.maxSteps }),
    predictionType: fc.constantFrom('epsilon', 'v_prediction') as fc.Arbitrary<'epsilon' | 'v_prediction'>,
    spacing: fc.constantFrom(...Object.values(vectors.spacings)),
  })
  // From pure noise, predicted noise says nothing of the picture.
  .filter(({ predictionType, spacing }) => predictionType === 'v_prediction' || !spacing.rescaleBetasZeroSnr)
  .map(({ spacing, ...options }) => ({ ...options, ...spacing }));

describe('scheduler tables against diffusers', () => {
  for (const name of schedulerNames) {
    it.each(spacingNames)(`${name} visits the same timesteps, %s`, (spacing) => {
      for (const [steps, expected] of Object.entries(vectors.timesteps[name][spacing])) {
        const options = { ...trained, ...vectors.spacings[spacing], predictionType: 'v_prediction' } as const;
        const table = schedulerTable(name, { ...options, steps: Number(steps) });
        expect(table.rows.map(({ timestep }) => timestep)).toEqual(expected);
      }
    });

    it.each(vectors.cases.filter(({ scheduler }) => scheduler === name))(
      `${name}, $prediction, $spacing, $steps steps, strength $strength: same trajectory`,
      ({ scheduler, prediction, spacing, steps, strength, ran, inputs, final }) => {
        const spaced = { ...trained, ...vectors.spacings[spacing] };
        const options: SchedulerTableOptions = { ...spaced, steps, predictionType: prediction };
        const table = schedulerTable(scheduler, strength === null ? options : { ...options, strength });
        const { seen, last } = walk(table, vectors.noise, vectors.picture);
        expect(seen).toHaveLength(ran);
        for (const [step, values] of Object.entries(inputs)) expectClose(seen[Number(step)] ?? [], values);
        expectClose(last, final);
      },
    );
  }
});

describe('scheduler tables', () => {
  it('are finite, count their steps and fall in time, for any number of steps', () => {
    fc.assert(
      fc.property(anyOptions, ({ name, ...options }) => {
        const { rows } = schedulerTable(name, { ...trained, ...options });
        expect(rows).toHaveLength(options.steps);
        const times = rows.map(({ timestep }) => timestep);
        expect(times).toEqual([...new Set(times)].sort((a, b) => b - a));
        expect(times.every((time) => time >= 0 && time < trained.trainTimesteps)).toBe(true);
        expect(rows.flatMap(numbersOf).every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('lead to the picture itself when the model always knows it', () => {
    fc.assert(
      fc.property(anyOptions, fc.double({ min: -3, max: 3, noNaN: true }), ({ name, ...options }, picture) => {
        // Its one step starts at the first training timestep, where nothing is left to remove.
        fc.pre(name !== 'ddim' || options.steps > 1);
        const table = schedulerTable(name, { ...trained, ...options });
        let latents = 1.3;
        let estimates: [number, number, number] = [0, 0, 0];
        for (const row of table.rows) {
          estimates = [picture, estimates[0], estimates[1]];
          latents = nextOf(row, latents, estimates, 0);
        }
        // DDIM ends at the noise level of the first training timestep, by choice of `set_alpha_to_one=False`.
        const left = name === 'ddim' ? 0.1 : 1e-9;
        expect(Math.abs(latents - picture)).toBeLessThan(left * (1 + Math.abs(picture)));
      }),
    );
  });

  it('run floor(steps * strength) steps, at least one, and the last of the whole trajectory', () => {
    const strengths = fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true });
    fc.assert(
      fc.property(anyOptions, strengths, ({ name, ...options }, strength) => {
        const whole = schedulerTable(name, { ...trained, ...options }).rows.map(({ timestep }) => timestep);
        const { rows, start } = schedulerTable(name, { ...trained, ...options, strength });
        const ran = Math.max(1, Math.floor(options.steps * strength));
        expect(rows.map(({ timestep }) => timestep)).toEqual(whole.slice(-ran));
        expect(start.picture ** 2 + start.noise ** 2).toBeCloseTo(1, 12);
      }),
    );
  });

  it('start from pure noise without a picture', () => {
    expect(schedulerTable('ddim', { ...sd15, steps: 20, predictionType: 'epsilon' }).start).toEqual({
      picture: 0,
      noise: 1,
    });
  });

  it('add noise in no scheduler but Euler ancestral', () => {
    for (const name of schedulerNames) {
      const { rows } = schedulerTable(name, { ...sd15, steps: 20, predictionType: 'epsilon' });
      expect(rows.some(({ next }) => next.noise > 0)).toBe(name === 'euler_ancestral');
      expect(rows.at(-1)?.next.noise).toBe(0);
    }
  });
});

type Row = SchedulerTable['rows'][number];

/** The loop, in float64 and with the model of `make_vectors.py`. */
function walk({ start, rows }: SchedulerTable, noise: readonly number[], picture: readonly number[]) {
  let latents = noise.map((value, index) => start.noise * value + start.picture * (picture[index] ?? 0));
  let estimates: [number, number, number][] = latents.map(() => [0, 0, 0]);
  const seen: number[][] = [];
  rows.forEach((row, step) => {
    seen.push(latents);
    const before = latents;
    estimates = before.map((value, index) => {
      const output = 0.8 * Math.tanh(value) + 0.1 * Math.sin(3 * value + row.timestep / 100);
      const [last = 0, lastButOne = 0] = estimates[index] ?? [];
      return [row.estimate.latents * value + row.estimate.output * output, last, lastButOne];
    });
    latents = before.map((value, index) =>
      nextOf(row, value, estimates[index] ?? [0, 0, 0], 1.5 * Math.sin(1 + 7 * step + 3 * index)),
    );
  });
  return { seen, last: latents };
}

function nextOf({ next }: Row, latents: number, estimates: readonly [number, number, number], noise: number): number {
  const [a, b, c] = next.estimates;
  return next.latents * latents + a * estimates[0] + b * estimates[1] + c * estimates[2] + next.noise * noise;
}

function numbersOf({ estimate, next }: Row): number[] {
  return [estimate.latents, estimate.output, next.latents, ...next.estimates, next.noise];
}

/** Both sides are float64: what differs is the order of the operations. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  const off = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN))));
  expect(off / scale).toBeLessThan(1e-9);
}
