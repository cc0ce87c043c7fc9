import type { RgbPicture } from '../../engines/image-engine.ts';
import { contactSheet } from '../../images/contact-sheet.ts';
import { fromRgb } from '../../images/stored-picture.ts';
import type { OutgoingFile } from './outgoing.ts';

/** Previews are small; a gallery shows a file at its own size. */
const edge = 512;

/** All previews of a job in one file, so that an edit carries no more than that. */
export async function encodePreviews(
  previews: readonly RgbPicture[],
  step: number,
  altText: string,
): Promise<OutgoingFile> {
  const sheet = await contactSheet(previews);
  const data = await fromRgb(sheet)
    .resize({ width: edge, height: edge, fit: 'inside', kernel: 'lanczos3' })
    .webp({ quality: 70, effort: 2 })
    .toBuffer();
  return { name: `preview-${step}.webp`, data, contentType: 'image/webp', altText };
}
