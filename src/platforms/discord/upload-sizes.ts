import type { Sharp } from 'sharp';
import { decodeStored, fromRgb } from '../../images/stored-picture.ts';
import { discordLimits } from './limits.ts';
import type { OutgoingFile } from './outgoing.ts';

/** A stored picture on its way into a message. */
export interface Upload {
  /** Without an ending. */
  readonly name: string;
  readonly png: Uint8Array;
  readonly altText: string;
  readonly isVeiled: boolean;
}

/** What a picture that is too large as PNG becomes, best first: the last ones are smaller pictures. */
const lesser: readonly { readonly type: 'webp' | 'jpeg'; readonly encode: (picture: Sharp) => Sharp }[] = [
  { type: 'webp', encode: (picture) => picture.webp({ lossless: true, effort: 4 }) },
  ...[92, 80, 60].map((quality) => ({
    type: 'jpeg' as const,
    encode: (picture: Sharp) => picture.jpeg({ quality }),
  })),
  ...[1_024, 512, 256].map((edge) => ({
    type: 'jpeg' as const,
    encode: (picture: Sharp) => picture.resize({ width: edge, height: edge, fit: 'inside' }).jpeg({ quality: 70 }),
  })),
];

/**
 * Files that Discord will take: each below `maxFileBytes`, all of them below what one request may weigh. A picture
 * that fits stays the PNG that it is.
 */
export async function fitUploads(
  uploads: readonly Upload[],
  maxFileBytes: number,
  maxRequestBytes: number = discordLimits.maxRequestBytes,
): Promise<readonly OutgoingFile[]> {
  const total = uploads.reduce((sum, { png }) => sum + png.byteLength, 0);
  const share = Math.floor(maxRequestBytes / Math.max(1, uploads.length));
  const maxBytes = total > maxRequestBytes ? Math.min(maxFileBytes, share) : maxFileBytes;
  return Promise.all(uploads.map((upload) => fitUpload(upload, maxBytes)));
}

async function fitUpload({ name, png, altText, isVeiled }: Upload, maxBytes: number): Promise<OutgoingFile> {
  let file: OutgoingFile = { name: `${name}.png`, data: png, contentType: 'image/png', altText, isVeiled };
  if (png.byteLength <= maxBytes) return file;
  const picture = await decodeStored(png);
  for (const { type, encode } of lesser) {
    const data = await encode(fromRgb(picture)).toBuffer();
    file = { name: `${name}.${type === 'jpeg' ? 'jpg' : type}`, data, contentType: `image/${type}`, altText, isVeiled };
    if (data.byteLength <= maxBytes) break;
  }
  // The smallest one where none fits: Discord then says so itself.
  return file;
}
