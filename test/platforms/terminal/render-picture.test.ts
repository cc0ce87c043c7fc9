import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RgbPicture } from '../../../src/engines/image-engine.ts';
import { english } from '../../../src/messages/en.ts';
import { korean } from '../../../src/messages/ko.ts';
import { pictureProtocol } from '../../../src/platforms/terminal/picture-protocol.ts';
import { renderProgress } from '../../../src/platforms/terminal/progress-bar.ts';
import { renderPicture } from '../../../src/platforms/terminal/render-picture.ts';

const picture: RgbPicture = {
  width: 2,
  height: 2,
  data: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]),
};

test.each([
  { environment: { TERM: 'xterm-kitty' }, protocol: 'kitty' },
  { environment: { TERM: 'xterm-256color', TERM_PROGRAM: 'ghostty' }, protocol: 'kitty' },
  { environment: { TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, protocol: 'iterm' },
  { environment: { TERM: 'foot' }, protocol: 'sixel' },
  { environment: { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, protocol: 'truecolor' },
  { environment: { TERM: 'xterm-256color' }, protocol: 'colours-256' },
  { environment: { TERM: 'screen-256color', TMUX: '/x', KITTY_WINDOW_ID: '1' }, protocol: 'colours-256' },
  { environment: { TERM: 'xterm-256color', NO_COLOR: '1' }, protocol: null },
  { environment: { TERM: 'dumb', COLORTERM: 'truecolor' }, protocol: null },
  { environment: {}, protocol: null },
] as const)('shows pictures by $protocol where the environment is $environment', ({ environment, protocol }) => {
  expect(pictureProtocol(environment)).toBe(protocol);
});

describe('a picture as text', () => {
  test('is two pixels a character in colours', async () => {
    expect(await renderPicture(picture, 'truecolor', 80)).toBe(
      '\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[38;2;0;255;0;48;2;255;255;255m▀\u001b[0m\n',
    );
    expect(await renderPicture(picture, 'colours-256', 80)).toBe(
      '\u001b[38;5;196;48;5;21m▀\u001b[38;5;46;48;5;231m▀\u001b[0m\n',
    );
  });

  test('is never wider than the terminal', async () => {
    const wide: RgbPicture = { width: 200, height: 100, data: new Uint8Array(60_000) };
    const [line = ''] = (await renderPicture(wide, 'truecolor', 30)).split('\n');
    expect(line.split('▀').length - 1).toBe(30);
  });

  test('is a PNG in pieces of at most 4096 bytes for kitty', async () => {
    const data = new Uint8Array(randomBytes(120 * 120 * 3));
    const text = visible(await renderPicture({ width: 120, height: 120, data }, 'kitty', 80));
    const pieces = [...text.matchAll(/<ESC>_G([^;]*);([^<]*)<ESC>\\/g)];
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.every(([, , base64 = '']) => base64.length <= 4_096)).toBe(true);
    expect(pieces.map(([, head = '']) => head.slice(-3))).toEqual([...pieces.slice(1).map(() => 'm=1'), 'm=0']);
    const png = Buffer.from(pieces.map(([, , base64]) => base64).join(''), 'base64');
    expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
  });

  test('is a PNG with its length for iTerm2', async () => {
    const text = visible(await renderPicture(picture, 'iterm', 80));
    const [, size, base64 = ''] = /<ESC>\]1337;File=inline=1;size=(\d+):([^<]+)<BEL>\n/.exec(text) ?? [];
    expect(Buffer.from(base64, 'base64').length).toBe(Number(size));
  });

  test('paints every pixel once as sixels', async () => {
    const tall: RgbPicture = { width: 5, height: 13, data: new Uint8Array(5 * 13 * 3).map((_, i) => (i * 37) % 256) };
    expect(countSixels(await renderPicture(tall, 'sixel', 80))).toBe(5 * 13);
  });
});

describe('the progress line', () => {
  const drawing = { phase: 'drawing', step: 10, steps: 20, secondsLeft: 4, previews: null } as const;

  test('is a bar and words', () => {
    const words = 'step 10 of 20, about 4 seconds left';
    expect(renderProgress(drawing, 80, english)).toBe(`▕${'█'.repeat(20)}${' '.repeat(20)}▏ ${words}`);
  });

  test.each([5, 20, 30, 40, 79])('fits into %i columns, where Hangul takes two', (columns) => {
    expect(Array.from(renderProgress(drawing, columns, english)).length).toBeLessThanOrEqual(columns);
    const line = renderProgress(drawing, columns, korean);
    expect(line.length + (line.match(/\p{sc=Hangul}/gu) ?? []).length).toBeLessThanOrEqual(columns);
  });
});

function visible(text: string): string {
  return text.replaceAll('\u001b', '<ESC>').replaceAll('\u0007', '<BEL>');
}

/** Reads sixel text as a terminal does. */
function countSixels(text: string): number {
  const body = text.slice(text.indexOf('#'), text.lastIndexOf('\u001b'));
  const drawn = body.replaceAll(/#\d+;2;\d+;\d+;\d+/g, '').replaceAll(/#\d+/g, '');
  let count = 0;
  for (const [, times, character = ''] of drawn.matchAll(/(?:!(\d+))?([?-~])/g)) {
    const bits = (character.charCodeAt(0) - 63).toString(2).replaceAll('0', '').length;
    count += bits * Number(times ?? 1);
  }
  return count;
}
