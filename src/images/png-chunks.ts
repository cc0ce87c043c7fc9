import { crc32 } from 'node:zlib';
import { InvalidRequestError } from '../errors.ts';

/** One chunk of a PNG file: https://www.w3.org/TR/png-3/#5Chunk-layout */
export interface PngChunk {
  /** Four letters. */
  readonly type: string;
  readonly data: Uint8Array;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Length, type and checksum around the data. */
const chunkOverhead = 12;

/** The chunks of a PNG in their order, checksums checked; throws `InvalidRequestError` for what is no PNG. */
export function readChunks(png: Uint8Array): PngChunk[] {
  if (!signature.every((byte, index) => png[index] === byte)) refuse('the PNG signature', 'something else');
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: PngChunk[] = [];
  let position = signature.length;
  while (chunks.at(-1)?.type !== 'IEND') {
    if (position + chunkOverhead > png.length) refuse('an IEND chunk at the end', `the end after ${png.length} bytes`);
    const length = view.getUint32(position);
    const end = position + chunkOverhead + length;
    if (end > png.length) refuse(`a chunk of ${length} bytes`, `${png.length - position - chunkOverhead} bytes`);
    const body = png.subarray(position + 4, end - 4);
    const type = String.fromCharCode(...body.subarray(0, 4));
    if (!/^[A-Za-z]{4}$/.test(type)) refuse('a chunk type of four letters', 'other bytes');
    if (crc32(body) !== view.getUint32(end - 4)) refuse(`the ${type} chunk to match its checksum`, 'a different one');
    chunks.push({ type, data: body.subarray(4) });
    position = end;
  }
  return chunks;
}

/** The PNG file made of these chunks. */
export function writeChunks(chunks: readonly PngChunk[]): Uint8Array {
  const total = chunks.reduce((sum, { data }) => sum + data.length + chunkOverhead, signature.length);
  const png = new Uint8Array(total);
  const view = new DataView(png.buffer);
  png.set(signature);
  let position = signature.length;
  for (const { type, data } of chunks) {
    const end = position + chunkOverhead + data.length;
    view.setUint32(position, data.length);
    for (let index = 0; index < 4; index += 1) png[position + 4 + index] = type.charCodeAt(index);
    png.set(data, position + 8);
    view.setUint32(end - 4, crc32(png.subarray(position + 4, end - 4)));
    position = end;
  }
  return png;
}

function refuse(expected: string, got: string): never {
  throw new InvalidRequestError('broken_png', `Expected ${expected} in the PNG, got ${got}.`);
}
