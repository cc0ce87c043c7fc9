import {
  type EngineProgress,
  type EngineTimings,
  engineLimits,
  type GenerateRequest,
  type GreyPicture,
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

type Start = NonNullable<GenerateRequest['init']>;
type Control = NonNullable<GenerateRequest['control']>;

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
  const control = request.control === null ? null : await readControl(request.control, request.size, options);
  let steps = 0;
  const result = await engine.generate(
    toGenerateRequest(request, { start, control, previews: options.previews ?? 6 }),
    {
      signal,
      onProgress: (progress) => {
        steps = progress.steps;
        options.onProgress(progress);
      },
    },
  );
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
  options: DrawOptions,
): Promise<Start> {
  const { strength, mask } = init;
  const picture = await readKept(init.picture, 'the picture to start from', size, options);
  if (mask === null) return { picture, strength };
  return { picture, strength, mask: toGrey(await readKept(mask, 'the mask', size, options)) };
}

async function readControl(
  { picture, kind, scale }: NonNullable<DrawRequest['control']>,
  size: PictureSize,
  options: DrawOptions,
): Promise<Control> {
  return { picture: await readKept(picture, 'the control picture', size, options), kind, scale };
}

async function readKept(
  key: PictureKey,
  what: string,
  size: PictureSize,
  { readPicture, codec }: DrawOptions,
): Promise<RgbPicture> {
  const png = await readPicture(key);
  if (png !== null) return codec.decode(png, size);
  throw new InvalidRequestError('picture_gone', `Expected ${what} to be kept still, but it is gone.`);
}

/** Masks are kept as all pictures are; their three channels are alike. */
function toGrey({ width, height, data }: RgbPicture): GreyPicture {
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, at) => data[at * 3] ?? 0) };
}

function toGenerateRequest(
  request: DrawRequest,
  given: { readonly start: Start | null; readonly control: Control | null; readonly previews: number },
): GenerateRequest {
  const { prompt, style, negativePrompt, count, steps, guidanceScale, scheduler, size, model, loraScale } = request;
  const { start, control, previews } = given;
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
    ...(control === null ? {} : { control }),
    ...(loraScale === null ? {} : { loraScale }),
    speed: request.speed,
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
