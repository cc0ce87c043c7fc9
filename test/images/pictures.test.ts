import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { RgbPicture } from '../../src/engines/image-engine.ts';
import { StoreError } from '../../src/errors.ts';
import { contactSheet } from '../../src/images/contact-sheet.ts';
import { encodePng } from '../../src/images/png.ts';
import { decodeStored, resizeHighQuality } from '../../src/images/stored-picture.ts';
import { thumbnail } from '../../src/images/thumbnail.ts';

function filled(width: number, height: number, colour: readonly [number, number, number]): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let index = 0; index < data.length; index += 1) data[index] = colour[index % 3] ?? 0;
  return { width, height, data };
}

function pixel({ width, data }: RgbPicture, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

describe('decodeStored', () => {
  test('gives back what was encoded', async () => {
    const picture = filled(5, 3, [1, 2, 3]);
    expect(await decodeStored(await encodePng(picture, { parameters: 'x' }))).toEqual(picture);
  });

  test('resizes to the size asked for', async () => {
    const large = await decodeStored(await encodePng(filled(8, 8, [200, 100, 50])), { width: 16, height: 24 });
    expect(large).toEqual(filled(16, 24, [200, 100, 50]));
  });

  test('says that a picture is damaged', async () => {
    const png = await encodePng(filled(64, 64, [1, 2, 3]));
    await expect(decodeStored(png.subarray(0, png.length - 40))).rejects.toBeInstanceOf(StoreError);
    await expect(thumbnail(png.subarray(0, 30))).rejects.toBeInstanceOf(StoreError);
  });
});

test('resizeHighQuality keeps an edge where it was', async () => {
  const picture = filled(8, 8, [0, 0, 0]);
  picture.data.fill(255, picture.data.length / 2);
  const large = await resizeHighQuality(picture, { width: 32, height: 32 });
  expect(pixel(large, 16, 8)[0]).toBeLessThan(20);
  expect(pixel(large, 16, 24)[0]).toBeGreaterThan(235);
});

describe('thumbnail', () => {
  test('is a WebP that fits into the edge, in the shape of the picture', async () => {
    const small = await thumbnail(await encodePng(filled(512, 256, [9, 9, 9])), 128);
    expect(await sharp(small).metadata()).toMatchObject({ format: 'webp', width: 128, height: 64 });
  });

  test('never enlarges', async () => {
    expect(await sharp(await thumbnail(await encodePng(filled(40, 40, [9, 9, 9])))).metadata()).toMatchObject({
      width: 40,
    });
  });
});

describe('contactSheet', () => {
  const red = filled(16, 16, [255, 0, 0]);
  const green = filled(16, 16, [0, 255, 0]);

  test('of one picture is the picture', async () => {
    expect(await contactSheet([red])).toEqual(red);
  });

  test('of two puts them beside each other', async () => {
    const sheet = await contactSheet([red, green]);
    expect([sheet.width, sheet.height]).toEqual([36, 16]);
    expect([pixel(sheet, 8, 8), pixel(sheet, 17, 8), pixel(sheet, 28, 8)]).toEqual([
      [255, 0, 0],
      [255, 255, 255],
      [0, 255, 0],
    ]);
  });

  test('of three puts the third into the middle of the second row', async () => {
    const sheet = await contactSheet([red, red, green]);
    expect([sheet.width, sheet.height]).toEqual([36, 36]);
    expect(pixel(sheet, 18, 28)).toEqual([0, 255, 0]);
    expect(pixel(sheet, 2, 28)).toEqual([255, 255, 255]);
  });

  test('of four is two by two', async () => {
    const sheet = await contactSheet([red, red, red, green]);
    expect([sheet.width, sheet.height]).toEqual([36, 36]);
    expect([pixel(sheet, 8, 28), pixel(sheet, 28, 28)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
    ]);
  });

  test('of nothing is refused', async () => {
    await expect(contactSheet([])).rejects.toThrow('Expected at least one picture');
  });
});
