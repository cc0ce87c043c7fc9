import {
  type EngineProgress,
  type EngineTimings,
  engineLimits,
  type GenerateRequest,
  type ImageEngine,
  type PictureSize,
  type RgbPicture,
} from '../engines/image-engine.ts';
import { InvalidRequestError } from '../errors.ts';
import type { DrawRequest, PictureKey } from './job.ts';
import { altText, pictureTexts } from './picture-metadata.ts';
import { applyStyle } from './styles.ts';

/** RGB to PNG and back. */
export interface PictureCodec {
  /** PNG bytes with these texts inside. */
  encode(picture: RgbPicture, texts: Readonly<Record<string, string>>): Promise<Uint8Array>;
  /** Resized in high quality where `size` differs from the picture's own. */
  decode(png: Uint8Array, size?: PictureSize): Promise<RgbPicture>;
}

/** What drawing needs besides the request. */
export interface DrawOptions {
  readonly engine: ImageEngine;
  readonly codec: PictureCodec;
  /** PNG bytes of the picture to start from; null when it is gone. */
  readonly readPicture: (key: PictureKey) => Promise<Uint8Array | null>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EngineProgress) => void;
  /** Previews in a drawing, about. @default 6 */
  readonly previews?: number;
}

/** A picture ready to be kept. */
export interface DrawnPicture {
  readonly png: Uint8Array;
  readonly seed: number;
  readonly size: PictureSize;
  readonly altText: string;
  readonly unsafe: number;
}

/** What `draw` gives. */
export interface DrawnPictures {
  readonly pictures: readonly DrawnPicture[];
  readonly timings: EngineTimings;
  readonly resized: boolean;
  readonly unknownWords: readonly string[];
  /** Steps that were really run. */
  readonly steps: number;
}

interface Start {
  readonly picture: RgbPicture;
  readonly strength: number;
}

const noTimings: EngineTimings = { textEncoderMs: 0, loopMs: 0, decoderMs: 0, totalMs: 0 };

/** Draw a request and encode its pictures; keeps nothing. */
export async function draw(request: DrawRequest, options: DrawOptions): Promise<DrawnPictures> {
  const { engine, signal } = options;
  const model = engine.describe().models.find(({ id }) => id === request.model);
  if (model === undefined) {
    throw new InvalidRequestError('unknown_model', `Expected a model that this engine has, got ${request.model}.`);
  }
  const start = request.init === null ? null : await readStart(request.init, request.size, options);
  signal.throwIfAborted();
  if (request.action === 'enlarge' && model.enlarge === null && start !== null) {
    const pictures = [await encode(request, start.picture, 0, 0, null, options.codec)];
    return { pictures, timings: noTimings, resized: true, unknownWords: [], steps: 0 };
  }
  let steps = 0;
  const result = await engine.generate(toGenerateRequest(request, start, options.previews ?? 6), {
    signal,
    onProgress: (progress) => {
      steps = progress.steps;
      options.onProgress(progress);
    },
  });
  signal.throwIfAborted();
  const pictures = await Promise.all(
    result.pictures.map((picture, index) =>
      encode(request, picture, index, result.unsafe[index] ?? 0, start?.strength ?? null, options.codec),
    ),
  );
  const { timings, unknownWords } = result;
  return { pictures, timings, resized: false, unknownWords, steps };
}

/** The seed of picture `index`. */
export function seedOf({ seed }: Pick<DrawRequest, 'seed'>, index: number): number {
  return (seed + index) % (engineLimits.maxSeed + 1);
}

async function readStart(
  init: NonNullable<DrawRequest['init']>,
  size: PictureSize,
  { readPicture, codec }: DrawOptions,
): Promise<Start> {
  const png = await readPicture(init.picture);
  if (png === null) {
    throw new InvalidRequestError(
      'picture_gone',
      'Expected the picture to start from to be kept still, but it is gone.',
    );
  }
  return { picture: await codec.decode(png, size), strength: init.strength };
}

function toGenerateRequest(request: DrawRequest, start: Start | null, previews: number): GenerateRequest {
  const { prompt, style, negativePrompt, count, steps, guidanceScale, scheduler, size, model } = request;
  return {
    prompt: applyStyle(prompt, style),
    negativePrompt,
    seeds: Array.from({ length: count }, (_, index) => seedOf(request, index)),
    steps,
    guidanceScale,
    scheduler,
    size,
    model,
    ...(start === null ? {} : { init: start }),
    previewEvery: previews === 0 ? 0 : Math.max(1, Math.round((steps * (start?.strength ?? 1)) / previews)),
  };
}

async function encode(
  request: DrawRequest,
  picture: RgbPicture,
  index: number,
  unsafe: number,
  strength: number | null,
  codec: PictureCodec,
): Promise<DrawnPicture> {
  const seed = seedOf(request, index);
  const size = { width: picture.width, height: picture.height };
  const png = await codec.encode(picture, pictureTexts(request, { seed, size, strength }));
  return { png, seed, size, altText: altText(request, index), unsafe };
}
