import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { RgbPicture } from '../../src/engines/image-engine.ts';
import { InvalidRequestError } from '../../src/errors.ts';
import { encodePng, readPngTexts } from '../../src/images/png.ts';
import { readChunks, writeChunks } from '../../src/images/png-chunks.ts';
import { insertPngTexts } from '../../src/images/png-texts.ts';

const pictures: fc.Arbitrary<RgbPicture> = fc
  .record({ width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 24 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data) => ({ width, height, data })),
  );
const keyword = fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,20}[A-Za-z]$/).filter((word) => !word.includes('  '));
const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
const texts = fc.dictionary(keyword, anyText, { maxKeys: 4, noNullPrototype: true });

async function pixelsOf(png: Uint8Array): Promise<RgbPicture> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

describe('encodePng', () => {
  test('keeps every pixel and every text', async () => {
    await fc.assert(
      fc.asyncProperty(pictures, texts, async (picture, wanted) => {
        const png = await encodePng(picture, wanted);
        expect(await pixelsOf(png)).toEqual(picture);
        expect(readPngTexts(png)).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  test('gives the same bytes for the same picture and texts', async () => {
    const picture = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(await encodePng(picture, { a: 'b' })).toEqual(await encodePng(picture, { a: 'b' }));
  });

  test('writes Latin-1 as tEXt and all else as iTXt, in UTF-8, before the pixels', async () => {
    const picture = { width: 1, height: 1, data: Uint8Array.of(9, 9, 9) };
    const chunks = readChunks(await encodePng(picture, { parameters: 'café\nSteps: 20', title: '등대' }));
    const types = chunks.map(({ type }) => type);
    expect(types.filter((type) => /^[ti](?:EXt|TXt)$/.test(type))).toEqual(['tEXt', 'iTXt']);
    expect(types.indexOf('iTXt')).toBeLessThan(types.indexOf('IDAT'));
    const plain = chunks.find(({ type }) => type === 'tEXt');
    expect(Buffer.from(plain?.data ?? []).toString('latin1')).toBe('parameters\0café\nSteps: 20');
    const unicode = chunks.find(({ type }) => type === 'iTXt');
    expect(Buffer.from(unicode?.data ?? []).toString('utf8')).toBe('title\0\0\0\0\0등대');
  });

  test('is read by an independent decoder, which finds the texts', async () => {
    const png = await encodePng({ width: 1, height: 1, data: Uint8Array.of(0, 0, 0) }, { parameters: 'a boat' });
    const { comments } = await sharp(png).metadata();
    expect(comments).toContainEqual(expect.objectContaining({ keyword: 'parameters', text: 'a boat' }));
  });

  test.each(['', ' a', 'a ', 'a  b', 'x'.repeat(80), 'a\nb', '등'])('refuses the keyword %j', async (name) => {
    const picture = { width: 1, height: 1, data: Uint8Array.of(0, 0, 0) };
    await expect(encodePng(picture, { [name]: 'x' })).rejects.toThrow(TypeError);
  });

  test('refuses a text that PNG cannot hold', async () => {
    const picture = { width: 1, height: 1, data: Uint8Array.of(0, 0, 0) };
    await expect(encodePng(picture, { note: 'a\0b' })).rejects.toThrow('without U+0000');
  });
});

describe('insertPngTexts', () => {
  test('leaves all other chunks as they were, and every checksum right', async () => {
    const made = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123456' } })
      .withExif({ IFD0: { Artist: 'somebody' } })
      .png()
      .toBuffer();
    const plain = Uint8Array.from(made);
    fc.assert(
      fc.property(texts, (wanted) => {
        const png = insertPngTexts(plain, wanted);
        const others = readChunks(png).filter(({ type }) => type !== 'tEXt' && type !== 'iTXt');
        expect(others).toEqual(readChunks(plain));
        expect(checksumsHold(png)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses what is no PNG', () => {
    expect(() => insertPngTexts(Buffer.from('hello'), { a: 'b' })).toThrow(InvalidRequestError);
  });
});

describe('readPngTexts', () => {
  test('reads compressed texts of other programs', async () => {
    const { deflateSync } = await import('node:zlib');
    const [head, ...rest] = readChunks(await encodePng({ width: 1, height: 1, data: Uint8Array.of(0, 0, 0) }));
    if (head === undefined) throw new Error('expected a header');
    const zTXt = { type: 'zTXt', data: Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.from('old'))]) };
    const packed = deflateSync(Buffer.from('등대'));
    const iTXt = { type: 'iTXt', data: Buffer.concat([Buffer.from('Title\0\x01\0ko\0Titel\0'), packed]) };
    expect(readPngTexts(writeChunks([head, zTXt, iTXt, ...rest]))).toEqual({ Comment: 'old', Title: '등대' });
  });

  test('refuses a compressed text that unpacks to more than it should', async () => {
    const { deflateSync } = await import('node:zlib');
    const [head, ...rest] = readChunks(await encodePng({ width: 1, height: 1, data: Uint8Array.of(0, 0, 0) }));
    if (head === undefined) throw new Error('expected a header');
    const bomb = Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(50_000_000))]);
    const png = writeChunks([head, { type: 'zTXt', data: bomb }, ...rest]);
    expect(() => readPngTexts(png)).toThrow('Expected a compressed text of at most 1048576 bytes');
  });

  test('answers any bytes with texts or an InvalidRequestError', async () => {
    const png = await encodePng({ width: 4, height: 4, data: new Uint8Array(48).fill(7) }, { a: 'x', b: '등' });
    const damage = fc.array(fc.tuple(fc.nat({ max: png.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.nat({ max: png.length }), (changes, length) => {
        const bytes = png.slice(0, length);
        for (const [index, value] of changes) if (index < length) bytes[index] = value;
        expectTextsOrRefusal(bytes);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectTextsOrRefusal));
  });

  test('finds every single damaged byte', async () => {
    const png = await encodePng({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }, { a: 'x' });
    for (let index = 0; index < png.length; index += 1) {
      const damaged = png.slice();
      damaged[index] = (damaged[index] ?? 0) ^ 0xff;
      expect(() => readPngTexts(damaged), `byte ${index}`).toThrow(InvalidRequestError);
    }
  });
});

function expectTextsOrRefusal(bytes: Uint8Array): void {
  try {
    expect(readPngTexts(bytes)).toBeTypeOf('object');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidRequestError);
  }
}

/** Written anew here, so that the reader under test does not vouch for the writer under test. */
function checksumsHold(png: Uint8Array): boolean {
  const file = Buffer.from(png);
  for (let position = 8; position < file.length; ) {
    const length = file.readUInt32BE(position);
    const body = file.subarray(position + 4, position + 8 + length);
    if (crc32(body) !== file.readUInt32BE(position + 8 + length)) return false;
    position += 12 + length;
  }
  return true;
}
