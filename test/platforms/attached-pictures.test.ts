import { describe, expect, it } from 'vitest';
import type { Attachment } from '../../commands/define-command.ts';
import { pictureOptions } from '../../src/platforms/attached-pictures.ts';

const read = (name: string): Attachment => ({ name, bytes: 1, fetch: async () => new Uint8Array(1) });
/** For each option the name of its file, or its value. */
const told = (...names: string[]) =>
  Object.fromEntries(
    Object.entries(pictureOptions(names, read)).map(([option, value]) => [
      option,
      typeof value === 'object' ? value.name : value,
    ]),
  );

describe('the pictures of a message', () => {
  it('are what the drawing starts from, where their names say nothing else', () => {
    expect(told('IMG_2041.jpg')).toEqual({ image: 'IMG_2041.jpg' });
    expect(told('a.png', 'b.png')).toEqual({ image: 'a.png' });
    expect(told()).toEqual({});
  });

  it('are masks and control pictures by a word in their names, in any case and language', () => {
    expect(told('photo.png', 'photo-mask.png')).toEqual({ image: 'photo.png', mask: 'photo-mask.png' });
    expect(told('MASK_2.PNG')).toEqual({ mask: 'MASK_2.PNG' });
    expect(told('마스크.png'.normalize('NFD'))).toEqual({ mask: '마스크.png'.normalize('NFD') });
    expect(told('control.png')).toEqual({ control: 'control.png' });
    expect(told('my control (depth).png')).toEqual({ control: 'my control (depth).png', control_kind: 'depth' });
    expect(told('Canny 1.png')).toEqual({ control: 'Canny 1.png', control_kind: 'canny' });
  });

  it('are not taken for what only part of a word says', () => {
    expect(told('masked-ball.png')).toEqual({ image: 'masked-ball.png' });
    expect(told('depths.png')).toEqual({ image: 'depths.png' });
  });
});
