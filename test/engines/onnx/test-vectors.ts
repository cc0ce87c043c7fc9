import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { schedulerNames } from '../../../src/engines/image-engine.ts';

const words = z.array(z.int().min(0).max(0xffff_ffff));
const numbers = z.array(z.number());

const noiseVectors = z.object({
  philox: z.array(z.object({ counter: words.length(4), key: words.length(2), output: words.length(4) })),
  normals: z.array(z.object({ seed: z.int(), stream: z.int(), values: numbers })),
  moments: z.object({
    seed: z.int(),
    stream: z.int(),
    length: z.int(),
    sum: z.number(),
    sum_of_squares: z.number(),
  }),
});

/** How the vectors place their timesteps. */
export const spacingNames = ['leading', 'trailing', 'trailing from noise'] as const;
const spacing = z
  .object({
    timestep_spacing: z.enum(['leading', 'trailing']),
    steps_offset: z.int().default(0),
    rescale_betas_zero_snr: z.boolean().default(false),
  })
  .transform((fields) => ({
    timestepSpacing: fields.timestep_spacing,
    stepsOffset: fields.steps_offset,
    rescaleBetasZeroSnr: fields.rescale_betas_zero_snr,
  }));

const schedulerVectors = z.object({
  noise: numbers,
  picture: numbers,
  spacings: z.record(z.enum(spacingNames), spacing),
  timesteps: z.record(z.enum(schedulerNames), z.record(z.enum(spacingNames), z.record(z.string(), numbers))),
  cases: z.array(
    z.object({
      scheduler: z.enum(schedulerNames),
      prediction: z.enum(['epsilon', 'v_prediction']),
      spacing: z.enum(spacingNames),
      steps: z.int(),
      strength: z.number().nullable(),
      ran: z.int(),
      inputs: z.record(z.string(), numbers),
      final: numbers,
    }),
  ),
});

const maskVectors = z.object({
  mask: z.array(numbers),
  latents: z.array(numbers),
  edges: z.array(numbers),
  given: numbers,
  drawn: numbers,
  pixels: numbers,
  weights: numbers,
  noise: numbers,
  picture: numbers,
  cases: z.array(
    z.object({
      scheduler: z.enum(schedulerNames),
      prediction: z.enum(['epsilon', 'v_prediction']),
      spacing: z.enum(spacingNames),
      steps: z.int(),
      strength: z.number(),
      final: numbers,
    }),
  ),
});

/** What `triton-models/tests/make_vectors.py` wrote. */
export function readVectors() {
  return {
    noise: noiseVectors.parse(readJson('noise.json')),
    masks: maskVectors.parse(readJson('masks.json')),
    schedulers: schedulerVectors.parse(readJson('schedulers.json')),
  };
}

function readJson(name: string): unknown {
  const url = new URL(`../../../triton-models/tests/vectors/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}
