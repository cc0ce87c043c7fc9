import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GenerateRequest, type GenerateResult, schedulerNames } from '../../../src/engines/image-engine.ts';
import { draw, type Pipeline } from '../../../src/engines/onnx/draw.ts';
import { readPipelineFolder } from '../../../src/engines/onnx/pipeline-folder.ts';
import { createPromptEncoder } from '../../../src/engines/onnx/prompt-tokens.ts';
import { openSessions } from '../../../src/engines/onnx/sessions.ts';
import { stripes } from '../image-engine-contract.ts';
import { tinyPipelineDir } from './tiny-pipeline.ts';

const drawingsSchema = z.array(
  z.object({
    scheduler: z.enum(schedulerNames),
    steps: z.int(),
    seed: z.int(),
    guidanceScale: z.number(),
    prompt: z.string(),
    negativePrompt: z.string(),
    strength: z.number().nullable(),
    every: z.int(),
    bytes: z.base64(),
  }),
);
const drawings = drawingsSchema.parse(
  JSON.parse(readFileSync(new URL('./tiny-drawings.json', import.meta.url), 'utf8')),
);
const size = { width: 64, height: 64 };

describe('drawing', () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    const { dir, config, tokenizer } = await readPipelineFolder(tinyPipelineDir);
    const sessions = await openSessions(dir, { threads: 1 });
    pipeline = { config, sessions, encodePrompt: createPromptEncoder(tokenizer, config) };
  });

  const run = (changes: Partial<GenerateRequest>, given = pipeline): Promise<GenerateResult> => {
    const request: GenerateRequest = {
      prompt: 'a red boat',
      negativePrompt: '',
      seeds: [7],
      steps: 4,
      guidanceScale: 3,
      scheduler: 'ddim',
      size,
      model: 'tiny-test-pipeline',
      speed: 'exact',
      previewEvery: 0,
      ...changes,
    };
    return draw(given, request, { signal: new AbortController().signal, onProgress: () => {}, clock: () => 0 });
  };

  it.each(drawings)('gives the picture of diffusers with $scheduler, strength $strength', async (drawing) => {
    const { seed, strength, every, bytes, ...settings } = drawing;
    const picture = { ...size, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => at % 251) };
    const init = strength === null ? {} : { init: { picture, strength } };
    const { pictures } = await run({ ...settings, ...init, seeds: [seed] });
    const drawn = pictures[0]?.data.filter((_, at) => at % every === 0) ?? new Uint8Array();
    const expected = Buffer.from(bytes, 'base64');
    expect(drawn).toHaveLength(expected.length);
    // Other kernels and float32 order: one level is the most that rounding may tip.
    expect(Math.max(...expected.map((value, at) => Math.abs(value - (drawn[at] ?? -99))))).toBeLessThanOrEqual(1);
    expect(new Set(expected).size).toBeGreaterThan(50);
  });

  it('returns nearly the picture it started from when it hardly changes it', async () => {
    const changed = async (strength: number) => {
      const { pictures } = await run({ steps: 50, init: { picture: stripes(size), strength }, guidanceScale: 1 });
      const { pictures: others } = await run({ steps: 50, init: { picture: stripes(size), strength }, seeds: [8] });
      return meanDifference(pictures[0]?.data, others[0]?.data);
    };
    expect(await changed(0.02)).toBeLessThan((await changed(1)) / 4);
  });

  it('says so when the model gives numbers that are not finite', async () => {
    const sessions = {
      ...pipeline.sessions,
      denoise: async (sample: { readonly data: Float32Array; readonly shape: readonly number[] }) => ({
        ...sample,
        data: sample.data.map(() => Number.NaN),
      }),
    };
    await expect(run({}, { ...pipeline, sessions })).rejects.toMatchObject({ code: 'model_failed' });
  });
});

function meanDifference(a: Uint8Array = new Uint8Array(), b: Uint8Array = new Uint8Array()): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}
