import type { ControlKind, RgbPicture } from '../engines/image-engine.ts';

/** What is drawn dark on light, as people do on paper, turned around: the networks were taught light lines on dark. */
export function toControlPicture(picture: RgbPicture, kind: ControlKind): RgbPicture {
  // Depth is light where things are near, and a near wall may fill the picture.
  if (kind === 'depth') return picture;
  const sum = picture.data.reduce((total, value) => total + value, 0);
  if (sum <= picture.data.length * 127.5) return picture;
  return { ...picture, data: picture.data.map((value) => 255 - value) };
}
