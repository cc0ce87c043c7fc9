import type { RgbPicture } from '../engines/image-engine.ts';
import { insertPngTexts } from './png-texts.ts';
import { fromRgb } from './stored-picture.ts';

export { readPngTexts } from './png-texts.ts';

/**
 * Measured on generated 512x512 pictures, one core: 11 ms and 122 KiB. Level 6 takes twice the time for 6 % fewer
 * bytes, level 9 sixteen times for 16 %; without adaptive filters a file is half as large again.
 */
const compression = { compressionLevel: 4, adaptiveFiltering: true, palette: false } as const;

/** A PNG of the picture, with these texts inside. The same picture and texts give the same bytes. */
export async function encodePng(
  picture: RgbPicture,
  texts: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  return insertPngTexts(await compress(picture), texts);
}

/** The part of `encodePng` that costs time, which is sharp's alone. */
export function compress(picture: RgbPicture): Promise<Uint8Array> {
  return fromRgb(picture).png(compression).toBuffer();
}
