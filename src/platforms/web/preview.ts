import type { RgbPicture } from '../../engines/image-engine.ts';
import { fromRgb } from '../../images/stored-picture.ts';

/** A preview as a data URL: about 1 kB of WebP for 64 x 64 pixels. */
export async function encodePreview(picture: RgbPicture): Promise<string> {
  const webp = await fromRgb(picture).webp({ quality: 70, effort: 0 }).toBuffer();
  return `data:image/webp;base64,${webp.toString('base64')}`;
}
