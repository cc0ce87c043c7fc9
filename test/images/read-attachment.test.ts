import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createReadAttachment, type SentFile } from '../../src/images/read-attachment.ts';
import { decodeStored } from '../../src/images/stored-picture.ts';

const size = { width: 32, height: 32 };
const photo = await sharp({ create: { width: 80, height: 60, channels: 3, background: '#0000ff' } })
  .withExif({ IFD0: { Artist: 'a private name' } })
  .jpeg()
  .toBuffer();
const sent = (bytes: Uint8Array): SentFile => ({ bytes: bytes.length, fetch: () => Promise.resolve(bytes) });

describe('readAttachment', () => {
  test('gives a PNG of the asked size without a trace of the metadata', async () => {
    const png = await createReadAttachment()(sent(photo), size);
    expect(await decodeStored(png)).toMatchObject(size);
    expect(Buffer.from(png).includes('a private name')).toBe(false);
    expect((await sharp(png).metadata()).exif).toBeUndefined();
  });

  test('refuses a file that says it is too large, without fetching it', async () => {
    const file = { bytes: 5_000, fetch: () => Promise.reject(new Error('fetched')) };
    await expect(createReadAttachment({ maxBytes: 1_024 })(file, size)).rejects.toThrow('at most 1 KiB, got 5 KiB');
  });

  test('refuses a file that is larger than it said', async () => {
    const file = { bytes: 10, fetch: () => Promise.resolve(new Uint8Array(5_000)) };
    await expect(createReadAttachment({ maxBytes: 1_024 })(file, size)).rejects.toThrow('at most 1 KiB, got 5 KiB');
  });

  test('tells the sender of a file how much it may read, and gives up in time', async () => {
    let asked = 0;
    const file: SentFile = {
      bytes: 10,
      fetch: ({ maxBytes, signal }) => {
        asked = maxBytes;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    };
    const reading = createReadAttachment({ maxBytes: 1_024, timeoutMs: 5 })(file, size);
    await expect(reading).rejects.toMatchObject({ code: 'attachment_unreachable', retryable: true });
    expect(asked).toBe(1_024);
  });

  test('fetches no more than two at once', async () => {
    const gates: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const file: SentFile = {
      bytes: photo.length,
      fetch: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running -= 1;
        return photo;
      },
    };
    const read = createReadAttachment();
    const all = Promise.all(Array.from({ length: 5 }, () => read(file, size)));
    let opened = 0;
    while (opened < 5) {
      await expect.poll(() => gates.length).toBeGreaterThan(opened);
      gates[opened]?.();
      opened += 1;
    }
    expect(await all).toHaveLength(5);
    expect(most).toBe(2);
  });
});
