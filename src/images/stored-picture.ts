import sharp, { type Sharp } from 'sharp';
import type { PictureSize, RgbPicture } from '../engines/image-engine.ts';
import { StoreError } from '../errors.ts';

/** Reads one of our own PNGs, resized with Lanczos where `size` differs; throws `StoreError` for a damaged one. */
export async function decodeStored(png: Uint8Array, size?: PictureSize): Promise<RgbPicture> {
  try {
    return await toRgb(resized(sharp(png, { failOn: 'error' }), size));
  } catch (cause) {
    throw new StoreError('picture_damaged', 'Expected a stored picture to be a whole PNG, got a damaged one.', {
      cause,
    });
  }
}

/** The same picture at another size, with Lanczos. */
export function resizeHighQuality(picture: RgbPicture, size: PictureSize): Promise<RgbPicture> {
  return toRgb(resized(fromRgb(picture), size));
}

/** A picture as a sharp pipeline. */
export function fromRgb({ width, height, data }: RgbPicture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The picture that a pipeline gives, as 8-bit RGB. */
export async function toRgb(pipeline: Sharp): Promise<RgbPicture> {
  const { data, info } = await pipeline
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function resized(pipeline: Sharp, size: PictureSize | undefined): Sharp {
  return size === undefined ? pipeline : pipeline.resize({ ...size, fit: 'fill', kernel: 'lanczos3' });
}
