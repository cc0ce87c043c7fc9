import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createReadAttachments, type SentFile } from '../../src/images/read-attachment.ts';
import { decodeStored } from '../../src/images/stored-picture.ts';

const size = { width: 32, height: 32 };
const photo = await sharp({ create: { width: 80, height: 60, channels: 3, background: '#0000ff' } })
  .withExif({ IFD0: { Artist: 'a private name' } })
  .jpeg()
  .toBuffer();
const sent = (bytes: Uint8Array): SentFile => ({ bytes: bytes.length, fetch: () => Promise.resolve(bytes) });

describe('readAttachment', () => {
  test('gives a PNG of the asked size without a trace of the metadata', async () => {
    const { png, original } = await createReadAttachments().readAttachment(sent(photo), size);
    expect(original).toEqual({ width: 80, height: 60 });
    expect(await decodeStored(png)).toMatchObject(size);
    expect(Buffer.from(png).includes('a private name')).toBe(false);
    expect((await sharp(png).metadata()).exif).toBeUndefined();
  });

  test('refuses a file that says it is too large, without fetching it', async () => {
    const file = { bytes: 5_000, fetch: () => Promise.reject(new Error('fetched')) };
    await expect(createReadAttachments({ maxBytes: 1_024 }).readAttachment(file, size)).rejects.toThrow(
      'at most 1 KiB, got 5 KiB',
    );
  });

  test('refuses a file that is larger than it said', async () => {
    const file = { bytes: 10, fetch: () => Promise.resolve(new Uint8Array(5_000)) };
    await expect(createReadAttachments({ maxBytes: 1_024 }).readAttachment(file, size)).rejects.toThrow(
      'at most 1 KiB, got 5 KiB',
    );
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
    const reading = createReadAttachments({ maxBytes: 1_024, timeoutMs: 5 }).readAttachment(file, size);
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
    const { readAttachment: read } = createReadAttachments();
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

describe('readMask', () => {
  const { readMask } = createReadAttachments();
  const one = (background: string) =>
    sharp({ create: { width: 20, height: 20, channels: 3, background } })
      .png()
      .toBuffer();

  test.each([
    ['#000000', 'nothing'],
    ['#ffffff', 'everything'],
    ['#808080', 'part'],
  ] as const)('says of a mask that is all %s that it covers %s', async (colour, covers) => {
    expect((await readMask(sent(await one(colour)), size, size)).covers).toBe(covers);
  });

  test('gives a PNG of which the three channels are alike', async () => {
    const { png } = await readMask(sent(await one('#808080')), size, size);
    const { data } = await decodeStored(png);
    expect(new Set(data)).toEqual(new Set([128]));
  });
});

describe('readControl', () => {
  const { readControl } = createReadAttachments();
  const line = sharp({ create: { width: 32, height: 2, channels: 3, background: '#000000' } });
  const paper = async () => {
    const input = await line.clone().png().toBuffer();
    const white = sharp({ create: { width: 32, height: 32, channels: 3, background: '#ffffff' } });
    return white
      .composite([{ input, left: 0, top: 8 }])
      .png()
      .toBuffer();
  };

  test('turns dark lines on paper into light lines on dark', async () => {
    const { data } = await decodeStored(await readControl(sent(await paper()), 'scribble', size));
    expect([data[0], data[(8 * 32 + 5) * 3]]).toEqual([0, 255]);
  });

  test('leaves light lines on dark, and depth, as they are', async () => {
    const dark = await sharp(await paper())
      .negate({ alpha: false })
      .png()
      .toBuffer();
    const { data } = await decodeStored(await readControl(sent(dark), 'canny', size));
    expect([data[0], data[(8 * 32 + 5) * 3]]).toEqual([0, 255]);
    const depth = await decodeStored(await readControl(sent(await paper()), 'depth', size));
    expect(depth.data[0]).toBe(255);
  });
});
