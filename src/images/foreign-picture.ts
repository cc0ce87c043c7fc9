import sharp, { type Metadata } from 'sharp';
import type { PictureSize, RgbPicture } from '../engines/image-engine.ts';
import { InvalidRequestError } from '../errors.ts';
import { describeType, pictureType } from './picture-type.ts';
import { toRgb } from './stored-picture.ts';

export interface ForeignPictureOptions {
  readonly maxBytes: number;
  /** Width times height, as the file's header claims. */
  readonly maxPixels: number;
  /** The picture is scaled to cover this size, and what stands over is cut away evenly. */
  readonly size: PictureSize;
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
  { maxBytes, maxPixels, size }: ForeignPictureOptions,
): Promise<RgbPicture> {
  if (bytes.length > maxBytes) throw tooManyBytes(maxBytes, bytes.length);
  const type = pictureType(bytes);
  if (type === null) refuse('picture_type', 'a PNG, JPEG, WebP or GIF picture', describeType(bytes));
  const header = await readHeader(bytes, type);
  checkHeader(header, maxPixels);
  try {
    return await toRgb(
      sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, sequentialRead: true, pages: 1 })
        .timeout({ seconds: maxSeconds })
        .autoOrient()
        .resize({ ...size, fit: 'cover', position: 'centre', kernel: 'lanczos3' }),
    );
  } catch (cause) {
    throw broken(type, cause);
  }
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
