import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { GreyPicture, PictureSize, RgbPicture } from '../../src/engines/image-engine.ts';
import { InvalidRequestError } from '../../src/errors.ts';
import { decodeForeign, decodeForeignMask } from '../../src/images/foreign-picture.ts';
import { writeChunks } from '../../src/images/png-chunks.ts';

const size = { width: 48, height: 32 };
const limits = { maxBytes: 5_000_000, maxPixels: 40_000_000 };
const decode = async (bytes: Uint8Array, at: PictureSize = size) => (await decodeForeign(bytes, at, limits)).picture;
const plain = (background: string, width = 96, height = 64) =>
  sharp({ create: { width, height, channels: 3, background } });

function pixel({ width, data }: RgbPicture, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

function expectNear(got: number[], wanted: number[], tolerance = 4): void {
  for (const [index, value] of wanted.entries()) {
    expect(Math.abs((got[index] ?? -999) - value), `${got.join()} is near ${wanted.join()}`).toBeLessThanOrEqual(
      tolerance,
    );
  }
}

/** A PNG whose header claims a size that its data does not have. */
function pngClaiming(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return writeChunks([
    { type: 'IHDR', data: header },
    { type: 'IDAT', data: deflateSync(Buffer.alloc(100)) },
    { type: 'IEND', data: new Uint8Array() },
  ]);
}

describe('decodeForeign takes', () => {
  test.each(['png', 'jpeg', 'webp', 'gif'] as const)('a %s, at the size asked for', async (format) => {
    const picture = await decode(await plain('#20c040').toFormat(format).toBuffer());
    expect({ ...picture, data: picture.data.length }).toEqual({ ...size, data: size.width * size.height * 3 });
    expectNear(pixel(picture, 20, 20), [0x20, 0xc0, 0x40], 6);
  });

  test('greyscale, 16-bit, CMYK and palette pictures as 8-bit RGB', async () => {
    const made = {
      grey: await plain('#808080').toColourspace('b-w').png().toBuffer(),
      deep: await plain('#808080').toColourspace('rgb16').png().toBuffer(),
      palette: await plain('#808080').png({ palette: true }).toBuffer(),
      cmyk: await plain('#808080').toColourspace('cmyk').jpeg().toBuffer(),
    };
    expect((await sharp(made.cmyk).metadata()).space).toBe('cmyk');
    expect((await sharp(made.deep).metadata()).depth).toBe('ushort');
    for (const [name, bytes] of Object.entries(made)) {
      const picture = await decode(bytes);
      expect(picture.data.length, name).toBe(size.width * size.height * 3);
      expectNear(pixel(picture, 5, 5), [0x80, 0x80, 0x80], 24);
    }
  });

  test('a transparent picture on white', async () => {
    const clear = sharp({ create: { width: 50, height: 50, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
    expect(pixel(await decode(await clear.png().toBuffer()), 10, 10)).toEqual([255, 255, 255]);
  });

  test('only the first frame of an animation', async () => {
    const frames = await Promise.all(['#ff0000', '#0000ff'].map((colour) => plain(colour).png().toBuffer()));
    for (const format of ['gif', 'webp'] as const) {
      const animation = await sharp(frames, { join: { animated: true } })
        .toFormat(format)
        .toBuffer();
      expect((await sharp(animation, { animated: true }).metadata()).pages).toBe(2);
      expectNear(pixel(await decode(animation), 20, 20), [255, 0, 0]);
    }
  });

  test.each(['jpeg', 'png'] as const)('a %s turned by its EXIF, upright', async (format) => {
    const left = await plain('#0000ff', 40, 80).png().toBuffer();
    const lying = plain('#ff0000', 80, 80).composite([{ input: left, left: 0, top: 0 }]);
    // 6: turn by a quarter to the right, so what is left comes to the top.
    const turned = await lying.withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    const upright = await decode(turned, { width: 40, height: 40 });
    expectNear(pixel(upright, 20, 5), [0, 0, 255]);
    expectNear(pixel(upright, 20, 35), [255, 0, 0]);
  });

  test('the middle of a picture of another shape', async () => {
    const middle = await plain('#00ff00', 100, 100).png().toBuffer();
    const wide = await plain('#ff0000', 300, 100)
      .composite([{ input: middle, left: 100, top: 0 }])
      .png()
      .toBuffer();
    const picture = await decode(wide, { width: 32, height: 32 });
    expectNear(pixel(picture, 2, 16), [0, 255, 0], 40);
    expectNear(pixel(picture, 16, 16), [0, 255, 0]);
  });

  test('a small file that unpacks to many pixels, as long as they are allowed', async () => {
    const bytes = await plain('#00ff00', 5_000, 5_000).png({ compressionLevel: 9 }).toBuffer();
    expect(bytes.length).toBeLessThan(200_000);
    expectNear(pixel(await decode(bytes), 3, 3), [0, 255, 0]);
  });
});

describe('decodeForeign refuses', () => {
  test.each([
    ['a text file named .png', Buffer.from('this is not a picture'), 'got a text file.'],
    ['an SVG', Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), 'got an SVG file.'],
    ['a PDF', Buffer.from('%PDF-1.7 ...'), 'got a PDF file.'],
    ['a web page', Buffer.from('<!doctype html><p>404'), 'got a web page.'],
    ['a HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0', 'latin1'), 'got a HEIC file.'],
    ['an AVIF', Buffer.from('\0\0\0\x18ftypavif\0\0', 'latin1'), 'got an AVIF file.'],
    ['a ZIP', Buffer.from('PK\x03\x04\xff', 'latin1'), 'got a ZIP archive.'],
    ['nothing', new Uint8Array(), 'got an empty file.'],
  ])('%s, by its content', async (_, bytes, got) => {
    await expect(decode(bytes)).rejects.toThrow(`Expected a PNG, JPEG, WebP or GIF picture, ${got}`);
  });

  test('a real TIFF and a real AVIF', async () => {
    await expect(decode(await plain('#fff').tiff().toBuffer())).rejects.toThrow('got a TIFF file.');
    await expect(decode(await plain('#fff').avif({ effort: 0 }).toBuffer())).rejects.toThrow('got an AVIF file.');
  });

  test('a header of 50,000 x 50,000 before a pixel is decoded', async () => {
    const before = process.memoryUsage().rss;
    await expect(decode(pngClaiming(50_000, 50_000))).rejects.toThrow(
      'Expected a picture of at most 40 million pixels, got 50000x50000.',
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  test('a GIF that claims too large a frame', async () => {
    const gif = Buffer.from(await plain('#f00').gif().toBuffer());
    const frame = gif.indexOf(0x2c, 13);
    for (const offset of [6, 8, frame + 5, frame + 7]) gif.writeUInt16LE(30_000, offset);
    await expect(decode(gif)).rejects.toThrow('got 30000x30000.');
  });

  test('a strip of one pixel by thousands', async () => {
    await expect(decode(await plain('#f00', 1, 4_000).png().toBuffer())).rejects.toThrow('at most 20 times');
  });

  test('more bytes than allowed', async () => {
    await expect(decodeForeign(new Uint8Array(2_048), size, { ...limits, maxBytes: 1_024 })).rejects.toThrow(
      'Expected a picture of at most 1 KiB, got 2 KiB.',
    );
  });

  test.each(['png', 'jpeg', 'webp', 'gif'] as const)('a %s that is cut off', async (format) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const whole = await sharp({ create: { width: 300, height: 300, channels: 3, background: '#000', noise } })
      .toFormat(format)
      .toBuffer();
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      const cut = decode(whole.subarray(0, Math.floor(whole.length * share)));
      await expect(cut, `${share} of it`).rejects.toThrow(
        `Expected a whole ${format.toUpperCase()} picture, got one that is cut off or damaged.`,
      );
    }
  });

  test('a PNG with a header and no honest data', async () => {
    await expect(decode(pngClaiming(500, 500))).rejects.toBeInstanceOf(InvalidRequestError);
  });

  test('a PNG whose header does not match its checksum', async () => {
    const png = Buffer.from(pngClaiming(500, 500));
    png.writeUInt32BE(crc32(Buffer.from('other')), 29);
    await expect(decode(png)).rejects.toBeInstanceOf(InvalidRequestError);
  });
});

describe('decodeForeignMask', () => {
  const square = { width: 40, height: 40 };
  const mask = (bytes: Uint8Array, original: PictureSize = square, at: PictureSize = square) =>
    decodeForeignMask(bytes, { original, size: at }, limits);
  const at = ({ width, data }: GreyPicture, x: number, y: number) => data[y * width + x];
  /** Black, with the left half white. */
  const half = async (width: number, height: number) =>
    plain('#000', width, height).composite([
      {
        input: await plain('#fff', width / 2, height)
          .png()
          .toBuffer(),
        left: 0,
        top: 0,
      },
    ]);

  test('gives white where something is to be drawn, one byte a pixel', async () => {
    const read = await mask(await (await half(40, 40)).png().toBuffer());
    expect(read).toMatchObject(square);
    expect(read.data).toHaveLength(40 * 40);
    expect([at(read, 5, 20), at(read, 35, 20)]).toEqual([255, 0]);
  });

  test('scales a mask of another size and shape with the picture that it lies over, then cuts as that is cut', async () => {
    // The picture is 80x40 and gives its middle half; the mask is half as wide as high and covers its left half.
    const read = await mask(await (await half(20, 40)).png().toBuffer(), { width: 80, height: 40 });
    expect([at(read, 2, 20), at(read, 16, 20), at(read, 24, 20), at(read, 38, 20)]).toEqual([255, 255, 0, 0]);
    // A tenth of the way into what is left of the picture is still in its left half.
    const shifted = await mask(
      await (await half(80, 80)).png().toBuffer(),
      { width: 40, height: 80 },
      { width: 40, height: 20 },
    );
    expect([at(shifted, 2, 10), at(shifted, 37, 10)]).toEqual([255, 0]);
  });

  test('takes what JPEG leaves of black and white for black and white', async () => {
    const read = await mask(await (await half(40, 40)).jpeg({ quality: 60 }).toBuffer());
    expect([at(read, 2, 2), at(read, 38, 38)]).toEqual([255, 0]);
  });

  test('reads a picture with a part rubbed out: that part is drawn anew', async () => {
    const hole = await sharp({ create: { width: 20, height: 40, channels: 4, background: '#fff' } })
      .png()
      .toBuffer();
    const rubbedOut = await plain('#3060c0', 40, 40)
      .ensureAlpha()
      .composite([{ input: hole, left: 0, top: 0, blend: 'dest-out' }])
      .png()
      .toBuffer();
    const read = await mask(rubbedOut);
    expect([at(read, 5, 20), at(read, 35, 20)]).toEqual([255, 0]);
  });

  test('reads white paint on nothing as what is to be drawn', async () => {
    const paint = await plain('#fff', 20, 40).png().toBuffer();
    const clear = sharp({ create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
    const read = await mask(
      await clear
        .composite([{ input: paint, left: 0, top: 0 }])
        .png()
        .toBuffer(),
    );
    expect([at(read, 5, 20), at(read, 35, 20)]).toEqual([255, 0]);
  });

  test('keeps grey, which is blended', async () => {
    const read = await mask(await plain('#808080', 40, 40).png().toBuffer());
    expect(at(read, 20, 20)).toBe(128);
  });

  test('refuses what is no picture, as everywhere', async () => {
    await expect(mask(Buffer.from('<svg/>'))).rejects.toBeInstanceOf(InvalidRequestError);
  });
});

test('any bytes give a picture of the asked size or an InvalidRequestError', { timeout: 60_000 }, async () => {
  const samples = await Promise.all(
    (['png', 'jpeg', 'webp', 'gif'] as const).map((format) => plain('#4080c0', 24, 24).toFormat(format).toBuffer()),
  );
  const mutated = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([sample, changes, share]) => {
      const bytes = Uint8Array.from(
        sample.subarray(0, share > 0.5 ? sample.length : Math.ceil(sample.length * share * 2)),
      );
      for (const [index, value] of changes) bytes[index % bytes.length] = value;
      return bytes;
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: mutated }, fc.uint8Array({ maxLength: 300 })), async (bytes) => {
      try {
        const picture = await decode(bytes);
        expect(picture.data.length).toBe(size.width * size.height * 3);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidRequestError);
      }
    }),
    { numRuns: 400 },
  );
});
