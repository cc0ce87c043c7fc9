import { inflateSync } from 'node:zlib';
import { InvalidRequestError } from '../errors.ts';
import { type PngChunk, readChunks, writeChunks } from './png-chunks.ts';

/** Texts longer than this are not read: they are not ours, and a small chunk can unpack to gigabytes. */
const maxTextBytes = 1_048_576;

/** Puts texts into a PNG, before its pixels, so that viewers find them without reading on. */
export function insertPngTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const chunks = readChunks(png);
  const pixels = chunks.findIndex(({ type }) => type === 'IDAT');
  const at = pixels === -1 ? chunks.length - 1 : pixels;
  return writeChunks([...chunks.slice(0, at), ...Object.entries(texts).map(toChunk), ...chunks.slice(at)]);
}

/** The texts inside a PNG by keyword, of all three kinds of text chunk; throws `InvalidRequestError`. */
export function readPngTexts(png: Uint8Array): Readonly<Record<string, string>> {
  const texts = new Map<string, string>();
  for (const chunk of readChunks(png)) {
    const text = fromChunk(chunk);
    if (text !== null) texts.set(text.keyword, text.text);
  }
  return Object.fromEntries(texts);
}

/** tEXt where Latin-1 can hold the text, because every viewer reads it; else iTXt, which is UTF-8. */
function toChunk([keyword, text]: [string, string]): PngChunk {
  // 1-79 printable Latin-1 characters, no space at an end: https://www.w3.org/TR/png-3/#11keywords
  if (!/^[!-~\u00a1-\u00ff]([ -~\u00a1-\u00ff]{0,77}[!-~\u00a1-\u00ff])?$/.test(keyword) || keyword.includes('  ')) {
    throw new TypeError(`Expected a PNG keyword of 1-79 printable Latin-1 characters, got ${JSON.stringify(keyword)}`);
  }
  const name = Buffer.from(keyword, 'latin1');
  if (/^[\n\u0020-\u007e\u00a0-\u00ff]*$/.test(text)) {
    return { type: 'tEXt', data: Buffer.concat([name, Uint8Array.of(0), Buffer.from(text, 'latin1')]) };
  }
  if (text.includes('\0')) throw new TypeError(`Expected \`${keyword}\` to be a text without U+0000`);
  // Not compressed (0, 0), no language, no translated keyword.
  const head = Buffer.concat([name, Uint8Array.of(0, 0, 0, 0, 0)]);
  return { type: 'iTXt', data: Buffer.concat([head, Buffer.from(text.toWellFormed(), 'utf8')]) };
}

function fromChunk({ type, data }: PngChunk): { readonly keyword: string; readonly text: string } | null {
  if (type !== 'tEXt' && type !== 'zTXt' && type !== 'iTXt') return null;
  const end = requireZero(data, 0);
  const keyword = latin1(data.subarray(0, end));
  const rest = data.subarray(end + 1);
  if (type === 'tEXt') return { keyword, text: latin1(rest) };
  if (type === 'zTXt') return { keyword, text: latin1(unpack(rest.subarray(1))) };
  const isCompressed = rest[0] === 1;
  const languageEnd = requireZero(rest, 2);
  const body = rest.subarray(requireZero(rest, languageEnd + 1) + 1);
  return { keyword, text: Buffer.from(isCompressed ? unpack(body) : body).toString('utf8') };
}

function requireZero(data: Uint8Array, from: number): number {
  const index = data.indexOf(0, from);
  if (index === -1)
    throw new InvalidRequestError('broken_png', 'Expected a keyword in a text chunk of the PNG, got none.');
  return index;
}

function unpack(data: Uint8Array): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: maxTextBytes });
  } catch (cause) {
    const expected = `Expected a compressed text of at most ${maxTextBytes} bytes in the PNG`;
    throw new InvalidRequestError('broken_png', `${expected}, got one that cannot be unpacked.`, { cause });
  }
}

function latin1(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
}
