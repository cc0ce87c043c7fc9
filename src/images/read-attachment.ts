import PQueue from 'p-queue';
import type { ControlKind, GreyPicture, PictureSize, RgbPicture } from '../engines/image-engine.ts';
import { QuartetError } from '../errors.ts';
import { toControlPicture } from './control-picture.ts';
import { decodeForeign, decodeForeignMask, tooManyBytes } from './foreign-picture.ts';
import { encodePng } from './png.ts';

/** A file that somebody sent, not fetched yet. */
export interface SentFile {
  readonly bytes: number;
  fetch(options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<Uint8Array>;
}

export interface ReadAttachmentOptions {
  /** @default 10 MiB */
  readonly maxBytes?: number;
  /** Width times height. @default 40 million */
  readonly maxPixels?: number;
  /** How long fetching may take, in milliseconds. @default 20_000 */
  readonly timeoutMs?: number;
  /** How many are fetched and decoded at once; a decoded picture may fill 160 MB. @default 2 */
  readonly concurrency?: number;
}

const defaults = {
  maxBytes: 10 * 1_048_576,
  maxPixels: 40_000_000,
  timeoutMs: 20_000,
  concurrency: 2,
} as const satisfies Required<ReadAttachmentOptions>;

/** The ways in which a picture that somebody sent is read: always PNG bytes of exactly the asked size. */
export interface ReadAttachments {
  /** `original`: the size that it had. */
  readAttachment(file: SentFile, size: PictureSize): Promise<{ png: Uint8Array; original: PictureSize }>;
  /** A mask over a picture of `original` size; white is drawn anew. */
  readMask(
    file: SentFile,
    original: PictureSize,
    size: PictureSize,
  ): Promise<{ png: Uint8Array; covers: 'nothing' | 'part' | 'everything' }>;
  readControl(file: SentFile, kind: ControlKind, size: PictureSize): Promise<Uint8Array>;
}

/** Makes the functions that fetch, check and re-encode what people send, a few files at a time. */
export function createReadAttachments(options: ReadAttachmentOptions = {}): ReadAttachments {
  const { maxBytes, maxPixels, timeoutMs, concurrency } = { ...defaults, ...options };
  const queue = new PQueue({ concurrency });
  const bounds = { maxBytes, maxPixels };

  async function read<Result>(file: SentFile, decode: (bytes: Uint8Array) => Promise<Result>): Promise<Result> {
    if (file.bytes > maxBytes) throw tooManyBytes(maxBytes, file.bytes);
    return queue.add(async () => decode(await fetchFile(file, maxBytes, timeoutMs)));
  }

  return {
    readAttachment: (file, size) =>
      read(file, async (bytes) => {
        const { picture, original } = await decodeForeign(bytes, size, bounds);
        return { png: await encodePng(picture), original };
      }),
    readMask: (file, original, size) =>
      read(file, async (bytes) => {
        const mask = await decodeForeignMask(bytes, { original, size }, bounds);
        return { png: await encodePng(toRgb(mask)), covers: coverOf(mask) };
      }),
    readControl: (file, kind, size) =>
      read(file, async (bytes) => {
        const { picture } = await decodeForeign(bytes, size, bounds);
        return encodePng(toControlPicture(picture, kind));
      }),
  };
}

function toRgb({ width, height, data }: GreyPicture): RgbPicture {
  return {
    width,
    height,
    data: Uint8Array.from({ length: data.length * 3 }, (_, at) => data[Math.floor(at / 3)] ?? 0),
  };
}

function coverOf({ data }: GreyPicture): 'nothing' | 'part' | 'everything' {
  if (data.every((value) => value === 0)) return 'nothing';
  return data.every((value) => value === 255) ? 'everything' : 'part';
}

async function fetchFile(file: SentFile, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  try {
    return await file.fetch({ maxBytes, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    if (cause instanceof QuartetError) throw cause;
    const message = `Expected an attached picture within ${timeoutMs} ms, got an error.`;
    throw new QuartetError('attachment_unreachable', message, { cause, retryable: true });
  }
}
