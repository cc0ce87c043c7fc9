import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { ModelDescription, PictureSize } from '../image-engine.ts';
import { knownWords, type PipelineConfig, pipelineConfigSchema, thingsToDraw } from './pipeline-config.ts';
import { embeddedSpeeds } from './step-kinds.ts';

/** The models of a pipeline folder, by the part they play. */
export const modelFiles = {
  textEncoder: 'text_encoder.onnx',
  unet: 'unet.onnx',
  vaeDecoder: 'vae_decoder.onnx',
  vaeEncoder: 'vae_encoder.onnx',
} as const;

const maxJsonBytes = 64 * 1024 * 1024; // 64 MiB: the tokenizer of a large vocabulary has 4

/** A checked folder: everything but the contents of the ONNX files. */
export interface PipelineFolder {
  readonly dir: string;
  readonly config: PipelineConfig;
  /** The parsed `tokenizer.json`. */
  readonly tokenizer: object;
}

/** Reads a pipeline folder, or throws a `ConfigError` of one sentence that names the file and says what to do. */
export async function readPipelineFolder(dir: string): Promise<PipelineFolder> {
  const folder = await stat(dir).catch(() => null);
  if (!folder?.isDirectory()) {
    throw unusable(`The model folder ${dir} is not there; set MODEL_DIR to a folder that holds a pipeline.`);
  }
  const names = ['pipeline.json', 'tokenizer.json', ...Object.values(modelFiles)];
  const missing: string[] = [];
  for (const name of names) {
    const file = await stat(join(dir, name)).catch(() => null);
    if (!file?.isFile() || file.size === 0) missing.push(name);
  }
  if (missing.length > 0) {
    const list = missing.join(', ');
    throw unusable(
      `The model folder ${dir} lacks ${list} (or it is empty); copy the folder again, or export the model.`,
    );
  }
  const parsed = pipelineConfigSchema.safeParse(await readJson(dir, 'pipeline.json'));
  if (!parsed.success) {
    const problem = z
      .prettifyError(parsed.error)
      .replaceAll(/\s*\n\s*/g, ' ')
      .replace('✖ ', '')
      .replaceAll('✖ ', '; ');
    throw unusable(`Expected ${join(dir, 'pipeline.json')} to describe a pipeline (format 1): ${problem}.`);
  }
  const tokenizer = await readJson(dir, 'tokenizer.json');
  if (typeof tokenizer !== 'object' || tokenizer === null || !('model' in tokenizer)) {
    throw unusable(`Expected ${join(dir, 'tokenizer.json')} to hold a tokenizer with a \`model\`; export it again.`);
  }
  return { dir, config: parsed.data, tokenizer };
}

/** What the port tells about the model of a folder. */
export function describeModel(config: PipelineConfig): ModelDescription {
  const words = knownWords(config);
  return {
    id: config.name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-'),
    title: config.name,
    description: config.description,
    sizes: config.sizes.map(toSize),
    defaultSize: toSize(config.default_size),
    defaultSteps: config.default_steps,
    defaultGuidanceScale: config.default_guidance_scale,
    defaultScheduler: config.default_scheduler,
    canStartFromPicture: true,
    canPaintWithin: true,
    controls: [],
    loraScale: null,
    speeds: embeddedSpeeds,
    safetyChecker: false,
    enlarge: config.enlarge,
    vocabulary: thingsToDraw(config),
    ...(words === null ? {} : { knownWords: words }),
  };
}

/** A `ConfigError` with one problem. */
export function unusable(problem: string): ConfigError {
  return new ConfigError([problem]);
}

function toSize([height, width]: readonly [number, number]): PictureSize {
  return { width, height };
}

async function readJson(dir: string, name: string): Promise<unknown> {
  const path = join(dir, name);
  const { size } = await stat(path);
  if (size > maxJsonBytes) {
    throw unusable(`Expected ${path} to have at most ${maxJsonBytes} bytes, got ${size}; copy the folder again.`);
  }
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw unusable(`Expected ${path} to be JSON, got: ${detail.slice(0, 120)}; copy the folder again.`);
  }
}
