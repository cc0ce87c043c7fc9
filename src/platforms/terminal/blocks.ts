import type { RgbPicture } from '../../engines/image-engine.ts';

const escapeCharacter = '\u001b';
const upperHalf = '▀';

/** Two pixels a character: the upper one is the foreground of `▀`, the lower one its background. */
export function renderBlocks(picture: RgbPicture, colours: 'truecolor' | 'colours-256'): string {
  const code = colours === 'truecolor' ? trueColour : nearest256;
  const lines: string[] = [];
  for (let y = 0; y < picture.height; y += 2) {
    let line = '';
    for (let x = 0; x < picture.width; x++) {
      const upper = code(...pixel(picture, x, y));
      const lower = y + 1 < picture.height ? `;48;${code(...pixel(picture, x, y + 1))}` : '';
      line += `${escapeCharacter}[38;${upper}${lower}m${upperHalf}`;
    }
    lines.push(`${line}${escapeCharacter}[0m\n`);
  }
  return lines.join('');
}

function pixel({ width, data }: RgbPicture, x: number, y: number): [number, number, number] {
  const at = (y * width + x) * 3;
  return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
}

function trueColour(red: number, green: number, blue: number): string {
  return `2;${red};${green};${blue}`;
}

/** The 6 x 6 x 6 cube of xterm, whose levels are 0, 95, 135, 175, 215 and 255. */
function nearest256(red: number, green: number, blue: number): string {
  const level = (value: number) => (value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40));
  return `5;${16 + 36 * level(red) + 6 * level(green) + level(blue)}`;
}
