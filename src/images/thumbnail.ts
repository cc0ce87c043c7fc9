import sharp from 'sharp';
import { StoreError } from '../errors.ts';

/** A small WebP of a stored PNG, at most `edge` pixels wide and high. */
export async function thumbnail(png: Uint8Array, edge = 256): Promise<Uint8Array> {
  try {
    return await sharp(png, { failOn: 'error' })
      .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 82, effort: 3 })
      .toBuffer();
  } catch (cause) {
    throw new StoreError('picture_damaged', 'Expected a stored picture to be a whole PNG, got a damaged one.', {
      cause,
    });
  }
}
