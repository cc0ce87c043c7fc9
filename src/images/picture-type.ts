/** The picture types that people may send. */
export const foreignTypes = ['png', 'jpeg', 'webp', 'gif'] as const;
export type ForeignType = (typeof foreignTypes)[number];

const ascii = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

/** What a file is by its first bytes, whatever its name says; null for anything that is not taken. */
export function pictureType(bytes: Uint8Array): ForeignType | null {
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(bytes, 0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return 'gif';
  return null;
}

/** What a refused file seems to be, for people. */
export function describeType(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = ascii(bytes, 0, 256);
  if (/^\s*(<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg/i.test(start)) return 'an SVG file';
  if (/^\s*<(!doctype html|html)/i.test(start)) return 'a web page';
  if (start.startsWith('%PDF')) return 'a PDF file';
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(start)) return 'a TIFF file';
  if (/^[\s\S]{4}ftyp(heic|heix|hevc|mif1|msf1)/.test(start)) return 'a HEIC file';
  if (/^[\s\S]{4}ftypavi[fs]/.test(start)) return 'an AVIF file';
  if (/^[\s\S]{4}ftyp/.test(start)) return 'a video';
  if (start.startsWith('BM')) return 'a BMP file';
  if (start.startsWith('PK\x03\x04')) return 'a ZIP archive';
  return /^[\t\n\r\x20-\x7e]*$/.test(start) ? 'a text file' : 'a file of another kind';
}
