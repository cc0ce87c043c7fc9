import sharp, { type Metadata, type Sharp } from 'sharp';
import type { GreyPicture, PictureSize, RgbPicture } from '../engines/image-engine.ts';
import { InvalidRequestError } from '../errors.ts';
import { describeType, pictureType } from './picture-type.ts';
import { toRgb } from './stored-picture.ts';

export interface ForeignPictureOptions {
  readonly maxBytes: number;
  /** Width times height, as the file's header claims. */
  readonly maxPixels: number;
}

/** A decoded picture, and the size that it had, upright, before it was scaled and cut. */
export interface ForeignPicture {
  readonly picture: RgbPicture;
  readonly original: PictureSize;
}

/** Longer strips have nothing to show in a picture that is nearly square. */
const maxAspect = 20;
/** A file that takes longer was made to take long. */
const maxSeconds = 10;

/**
 * Decodes a picture that somebody sent and that may be hostile: type by content, size by its header before a pixel is
 * decoded, first frame only, upright, white behind what is transparent, 8-bit sRGB, no metadata.
 * Throws `InvalidRequestError` with a sentence for that person.
 */
export async function decodeForeign(
  bytes: Uint8Array,
  size: PictureSize,
  options: ForeignPictureOptions,
): Promise<ForeignPicture> {
  const { type, header, open } = await checked(bytes, options);
  try {
    return { picture: await toRgb(covering(open(), size)), original: header.autoOrient };
  } catch (cause) {
    throw broken(type, cause);
  }
}

/**
 * Decodes a mask with the same care: laid over a picture of `original` size, whatever size it has itself, then scaled and
 * cut as that picture is. White is drawn anew. A picture with a part rubbed out is a mask as well: that part is white.
 */
export async function decodeForeignMask(
  bytes: Uint8Array,
  { original, size }: { readonly original: PictureSize; readonly size: PictureSize },
  options: ForeignPictureOptions,
): Promise<GreyPicture> {
  const { type, open } = await checked(bytes, options);
  try {
    const mask = await toMask(open());
    const laidOver = await sharp(mask.data, { raw: { width: mask.width, height: mask.height, channels: 1 } })
      .resize({ ...original, fit: 'fill', kernel: 'linear' })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const cut = covering(sharp(laidOver, { raw: { ...original, channels: 1 } }), size, 'linear');
    const data = await cut.toColourspace('b-w').raw().toBuffer();
    return { ...size, data: new Uint8Array(data.map(pure)) };
  } catch (cause) {
    throw broken(type, cause);
  }
}

/** The file, after all that can be checked before a pixel is decoded. */
async function checked(bytes: Uint8Array, { maxBytes, maxPixels }: ForeignPictureOptions) {
  if (bytes.length > maxBytes) throw tooManyBytes(maxBytes, bytes.length);
  const type = pictureType(bytes);
  if (type === null) refuse('picture_type', 'a PNG, JPEG, WebP or GIF picture', describeType(bytes));
  const header = await readHeader(bytes, type);
  checkHeader(header, maxPixels);
  const open = () =>
    sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, sequentialRead: true, pages: 1 })
      .timeout({ seconds: maxSeconds })
      .autoOrient();
  return { type, header, open };
}

function covering(pipeline: Sharp, size: PictureSize, kernel: 'lanczos3' | 'linear' = 'lanczos3'): Sharp {
  return pipeline.resize({ ...size, fit: 'cover', position: 'centre', kernel });
}

/** Grey; where a file is transparent, its transparency, unless what can be seen in it is all white paint. */
async function toMask(pipeline: Sharp): Promise<GreyPicture> {
  const { data, info } = await pipeline
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const light = new Uint8Array(width * height);
  const opacity = new Uint8Array(width * height);
  for (let at = 0; at < light.length; at++) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at * channels, at * channels + 3);
    light[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    opacity[at] = data[at * channels + channels - 1] ?? 255;
  }
  if (opacity.every((value) => value === 255)) return { width, height, data: light };
  const isPaint = light.every((value, at) => (opacity[at] ?? 0) < 128 || value > 240);
  return { width, height, data: isPaint ? opacity : opacity.map((value) => 255 - value) };
}

/** What a JPEG leaves of black and white is meant as black and white. */
function pure(value: number): number {
  if (value < 16) return 0;
  return value > 239 ? 255 : value;
}

/** The refusal of a file that is too large, before or after it was fetched. */
export function tooManyBytes(maxBytes: number, got: number): InvalidRequestError {
  const message = `Expected a picture of at most ${megabytes(maxBytes)}, got ${megabytes(got)}.`;
  return new InvalidRequestError('picture_too_large', message);
}

async function readHeader(bytes: Uint8Array, type: string): Promise<Metadata> {
  let header: Metadata;
  try {
    // Reads no pixels; the limit is our own check of what it says, which has the better words.
    header = await sharp(bytes, { failOn: 'error', limitInputPixels: false, pages: 1 }).metadata();
  } catch (cause) {
    throw broken(type, cause);
  }
  if (header.format !== type) refuse('picture_broken', `a whole ${type.toUpperCase()} picture`, 'a damaged one');
  return header;
}

function checkHeader({ width, height }: Metadata, maxPixels: number): void {
  const got = `${width}x${height}`;
  if (width * height > maxPixels) {
    const megapixels = Math.floor(maxPixels / 1_000_000);
    const limit = megapixels >= 1 ? `${megapixels} million` : maxPixels;
    refuse('picture_too_large', `a picture of at most ${limit} pixels`, `${got}`);
  }
  if (Math.max(width, height) > maxAspect * Math.min(width, height)) {
    refuse('picture_too_narrow', `a picture at most ${maxAspect} times as long as it is wide`, got);
  }
}

function broken(type: string, cause: unknown): InvalidRequestError {
  const message = `Expected a whole ${type.toUpperCase()} picture, got one that is cut off or damaged.`;
  return new InvalidRequestError('picture_broken', message, { cause });
}

function refuse(code: string, expected: string, got: string): never {
  throw new InvalidRequestError(code, `Expected ${expected}, got ${got}.`);
}

/** Rounded up: a file that is a little too large must not read as one that is not. */
function megabytes(bytes: number): string {
  if (bytes < 1_048_576) return `${Math.ceil(bytes / 1_024)} KiB`;
  return `${Math.ceil((bytes / 1_048_576) * 10) / 10} MiB`;
}
