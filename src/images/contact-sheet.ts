import sharp from 'sharp';
import type { RgbPicture } from '../engines/image-engine.ts';
import { fromRgb, toRgb } from './stored-picture.ts';

const gap = 4;
const background = '#ffffff';

/** All pictures of a result in one: one alone, two beside each other, three or four in two rows. */
export async function contactSheet(pictures: readonly RgbPicture[]): Promise<RgbPicture> {
  const [first] = pictures;
  if (first === undefined) throw new TypeError('Expected at least one picture for a contact sheet, got none');
  if (pictures.length === 1) return first;
  const cell = {
    width: Math.max(...pictures.map(({ width }) => width)),
    height: Math.max(...pictures.map(({ height }) => height)),
  };
  const columns = pictures.length <= 4 ? 2 : Math.ceil(Math.sqrt(pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const width = columns * cell.width + (columns - 1) * gap;
  const tiles = await Promise.all(
    pictures.map(async (picture, index) => {
      const row = Math.floor(index / columns);
      // A last row that is not full stands in the middle.
      const inRow = Math.min(columns, pictures.length - row * columns);
      const margin = Math.floor((width - (inRow * cell.width + (inRow - 1) * gap)) / 2);
      return {
        input: await fromRgb(picture).png({ compressionLevel: 0 }).toBuffer(),
        left: margin + (index % columns) * (cell.width + gap) + Math.floor((cell.width - picture.width) / 2),
        top: row * (cell.height + gap) + Math.floor((cell.height - picture.height) / 2),
      };
    }),
  );
  const height = rows * cell.height + (rows - 1) * gap;
  return toRgb(sharp({ create: { width, height, channels: 3, background } }).composite(tiles));
}
