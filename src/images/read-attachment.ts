import PQueue from 'p-queue';
import type { PictureSize } from '../engines/image-engine.ts';
import { QuartetError } from '../errors.ts';
import { decodeForeign, tooManyBytes } from './foreign-picture.ts';
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

/** Makes the function that fetches, checks and re-encodes what people send: PNG bytes of exactly the asked size. */
export function createReadAttachment(
  options: ReadAttachmentOptions = {},
): (file: SentFile, size: PictureSize) => Promise<Uint8Array> {
  const { maxBytes, maxPixels, timeoutMs, concurrency } = { ...defaults, ...options };
  const queue = new PQueue({ concurrency });
  return async (file, size) => {
    if (file.bytes > maxBytes) throw tooManyBytes(maxBytes, file.bytes);
    return queue.add(async () => {
      const bytes = await fetchFile(file, maxBytes, timeoutMs);
      return encodePng(await decodeForeign(bytes, { maxBytes, maxPixels, size }));
    });
  };
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
