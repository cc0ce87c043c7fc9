import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../../src/engines/onnx/onnx-engine.ts';
import { ConfigError } from '../../../src/errors.ts';
import { tinyPipelineDir, withCopyOfTinyPipeline } from './tiny-pipeline.ts';

const logger = pino({ level: 'silent' });

describe('a damaged pipeline folder', () => {
  const damages: readonly [string, (dir: string) => Promise<void>, RegExp][] = [
    ['a missing model', (dir) => rm(join(dir, 'unet.onnx')), /lacks unet\.onnx .*; copy the folder again/],
    [
      'two missing files',
      (dir) => removeAll(dir, 'pipeline.json', 'vae_decoder.onnx'),
      /lacks pipeline\.json, vae_decoder/,
    ],
    [
      'an empty model',
      (dir) => truncate(join(dir, 'vae_encoder.onnx'), 0),
      /lacks vae_encoder\.onnx \(or it is empty\)/,
    ],
    ['a truncated model', (dir) => truncate(join(dir, 'unet.onnx'), 1_000), /unet\.onnx is not a complete ONNX model/],
    ['a text as model', (dir) => writeFile(join(dir, 'unet.onnx'), 'version 1'), /unet\.onnx is not a complete ONNX/],
    [
      'a pipeline.json that is cut off',
      (dir) => truncate(join(dir, 'pipeline.json'), 99),
      /pipeline\.json to be JSON, got/,
    ],
    [
      'a tokenizer.json that is cut off',
      (dir) => truncate(join(dir, 'tokenizer.json'), 99),
      /tokenizer\.json to be JSON/,
    ],
    ['a tokenizer.json of something else', (dir) => writeFile(join(dir, 'tokenizer.json'), '[]'), /hold a tokenizer/],
    [
      'an unknown kind of tokenizer',
      (dir) => change(dir, 'tokenizer.json', { model: { type: 'Abacus' } }),
      /working tokenizer/,
    ],
    ['a later format', (dir) => change(dir, 'pipeline.json', { format: 2 }), /pipeline\.json .*format/],
    ['a size no latents fit', (dir) => change(dir, 'pipeline.json', { sizes: [[60, 64]] }), /pipeline\.json .*sizes/],
    ['an unknown scheduler', (dir) => change(dir, 'pipeline.json', { default_scheduler: 'x' }), /default_scheduler/],
    [
      'models that were swapped',
      (dir) => copyFile(join(dir, 'vae_decoder.onnx'), join(dir, 'unet.onnx')),
      /unet\.onnx to be a model sample, timestep, encoder_hidden_states -> out_sample, got latent_sample -> sample/,
    ],
    [
      'models that do not fit together',
      (dir) => change(dir, 'pipeline.json', { max_tokens: 9 }),
      /do not work together \(text_encoder\.onnx failed/,
    ],
  ];
  it.each(damages)('is refused with one sentence for %s', async (_, damage, expected) => {
    await withCopyOfTinyPipeline(async (dir) => {
      await damage(dir);
      const error = await createOnnxEngine({ modelDir: dir, logger, threads: 1 }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      const { problems } = error as ConfigError;
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(expected);
      expect(problems[0]).toMatch(/^[^\n]+\.$/);
    });
  });

  it('is refused when it is not there, with what to do', async () => {
    const modelDir = join(tinyPipelineDir, 'nowhere');
    await expect(createOnnxEngine({ modelDir, logger })).rejects.toThrow(
      `The model folder ${modelDir} is not there; set MODEL_DIR to a folder that holds a pipeline.`,
    );
  });
});

async function removeAll(dir: string, ...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => rm(join(dir, name))));
}

async function change(dir: string, name: string, fields: Record<string, unknown>): Promise<void> {
  const path = join(dir, name);
  const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...before, ...fields }));
}
