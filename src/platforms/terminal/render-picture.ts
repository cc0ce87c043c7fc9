import type { RgbPicture } from '../../engines/image-engine.ts';
import { encodePng } from '../../images/png.ts';
import { resizeHighQuality } from '../../images/stored-picture.ts';
import { renderBlocks } from './blocks.ts';
import type { PictureProtocol } from './picture-protocol.ts';
import { renderSixel } from './sixel.ts';

const escapeCharacter = '\u001b';
/** kitty takes at most so much in one escape sequence. */
const kittyChunk = 4_096;
const maxPixels = 640;
const maxColumns = 64;

/** The text that makes a terminal show the picture, at most `columns` wide. */
export async function renderPicture(
  picture: RgbPicture,
  protocol: NonNullable<PictureProtocol>,
  columns: number,
): Promise<string> {
  switch (protocol) {
    case 'kitty':
      return renderKitty(await encodePng(await shrink(picture, maxPixels)));
    case 'iterm':
      return renderIterm(await encodePng(await shrink(picture, maxPixels)));
    case 'sixel':
      return renderSixel(await shrink(picture, maxPixels));
    case 'truecolor':
    case 'colours-256':
      return renderBlocks(await shrink(picture, Math.min(columns, maxColumns)), protocol);
    default:
      return protocol satisfies never;
  }
}

/** {@link https://sw.kovidgoyal.net/kitty/graphics-protocol/} */
function renderKitty(png: Uint8Array): string {
  const data = Buffer.from(png).toString('base64');
  let text = '';
  for (let at = 0; at < data.length; at += kittyChunk) {
    const head = at === 0 ? 'a=T,f=100,q=2,' : '';
    const more = at + kittyChunk < data.length ? 1 : 0;
    text += `${escapeCharacter}_G${head}m=${more};${data.slice(at, at + kittyChunk)}${escapeCharacter}\\`;
  }
  return `${text}\n`;
}

/** {@link https://iterm2.com/documentation-images.html} */
function renderIterm(png: Uint8Array): string {
  return `${escapeCharacter}]1337;File=inline=1;size=${png.byteLength}:${Buffer.from(png).toString('base64')}\u0007\n`;
}

async function shrink(picture: RgbPicture, maxEdge: number): Promise<RgbPicture> {
  const scale = Math.min(1, maxEdge / Math.max(picture.width, picture.height));
  const size = {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  };
  return scale === 1 ? picture : resizeHighQuality(picture, size);
}
