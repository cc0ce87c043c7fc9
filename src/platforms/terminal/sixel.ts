import type { RgbPicture } from '../../engines/image-engine.ts';

const escapeCharacter = '\u001b';
const levels = 6;

/** Sixel text with a 6 x 6 x 6 palette; an ordered dither keeps skies smooth. */
export function renderSixel(picture: RgbPicture): string {
  const { width, height } = picture;
  const colours = quantize(picture);
  let text = `${escapeCharacter}Pq"1;1;${width};${height}`;
  for (const colour of new Set(colours)) text += `#${colour};2;${percents(colour).join(';')}`;
  for (let top = 0; top < height; top += 6) {
    text += renderBand(colours, width, top, Math.min(6, height - top));
  }
  return `${text}${escapeCharacter}\\\n`;
}

function renderBand(colours: Uint8Array, width: number, top: number, rows: number): string {
  const columns = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const colour = colours[(top + row) * width + x] ?? 0;
      const bits = columns.get(colour) ?? new Uint8Array(width);
      bits[x] = (bits[x] ?? 0) | (1 << row);
      columns.set(colour, bits);
    }
  }
  return `${[...columns].map(([colour, bits]) => `#${colour}${runLengths(bits)}`).join('$')}-`;
}

function runLengths(bits: Uint8Array): string {
  let text = '';
  for (let start = 0, end = 0; start < bits.length; start = end) {
    while (end < bits.length && bits[end] === bits[start]) end++;
    const character = String.fromCharCode(63 + (bits[start] ?? 0));
    text += end - start > 3 ? `!${end - start}${character}` : character.repeat(end - start);
  }
  return text;
}

function quantize({ width, height, data }: RgbPicture): Uint8Array {
  const colours = new Uint8Array(width * height);
  const bayer = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
  for (let index = 0; index < colours.length; index++) {
    const x = index % width;
    const y = Math.floor(index / width);
    const threshold = ((bayer[(y & 3) * 4 + (x & 3)] ?? 0) + 0.5) / 16;
    const level = (channel: number) =>
      Math.min(levels - 1, Math.floor(((data[index * 3 + channel] ?? 0) / 255) * (levels - 1) + threshold));
    colours[index] = level(0) * 36 + level(1) * 6 + level(2);
  }
  return colours;
}

function percents(colour: number): readonly number[] {
  return [Math.floor(colour / 36), Math.floor(colour / 6) % 6, colour % 6].map((level) => level * 20);
}
