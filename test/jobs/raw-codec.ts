import { InvalidRequestError } from '../../src/errors.ts';
import type { PictureCodec } from '../../src/jobs/draw.ts';

/** Keeps the pixels as they are, with their size and texts before them; resizes by the nearest pixel. */
export const rawCodec: PictureCodec = {
  async encode(picture, texts) {
    const head = new TextEncoder().encode(
      `${JSON.stringify({ width: picture.width, height: picture.height, texts })}\n`,
    );
    const bytes = new Uint8Array(head.length + picture.data.length);
    bytes.set(head);
    bytes.set(picture.data, head.length);
    return bytes;
  },

  async decode(bytes, size) {
    const end = bytes.indexOf(10);
    if (end < 0) throw new InvalidRequestError('picture_damaged', 'Expected a picture, got something else.');
    const { width, height } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as {
      width: number;
      height: number;
    };
    const pixels = bytes.subarray(end + 1);
    const target = size ?? { width, height };
    const data = new Uint8Array(target.width * target.height * 3);
    for (let y = 0; y < target.height; y++) {
      const fromY = Math.floor((y * height) / target.height);
      for (let x = 0; x < target.width; x++) {
        const from = (fromY * width + Math.floor((x * width) / target.width)) * 3;
        data.set(pixels.subarray(from, from + 3), (y * target.width + x) * 3);
      }
    }
    return { ...target, data };
  },
};
