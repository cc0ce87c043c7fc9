import type { Attachment, OptionValue } from '../../commands/define-command.ts';
import { type ControlKind, controlKinds } from '../engines/image-engine.ts';

/** What a word in a file's name says that the picture is for; the words of every language that we speak. */
const maskWords: ReadonlySet<string> = new Set(['mask', '마스크']);
const controlWords: ReadonlyMap<string, ControlKind | null> = new Map<string, ControlKind | null>([
  ['control', null],
  ['컨트롤', null],
  ...controlKinds.map((kind) => [kind, kind] as const),
]);

/**
 * The options that the pictures of a message stand for. A message has no names for its files but their own: `mask.png` is
 * the mask, `control.png` or one named after its kind (`depth.png`) what is followed, and the first other one is what the
 * drawing starts from.
 */
export function pictureOptions<File>(
  files: readonly File[],
  read: (file: File) => Attachment,
): Readonly<Record<string, OptionValue>> {
  const options: Record<string, OptionValue> = {};
  for (const picture of files.map(read)) {
    const words =
      picture.name
        .toLowerCase()
        .normalize('NFC')
        .match(/\p{L}+/gu) ?? [];
    const control = words.find((word) => controlWords.has(word));
    const name = words.some((word) => maskWords.has(word)) ? 'mask' : control === undefined ? 'image' : 'control';
    if (options[name] !== undefined) continue;
    options[name] = picture;
    const kind = words.map((word) => controlWords.get(word) ?? null).find((known) => known !== null) ?? null;
    if (name === 'control' && kind !== null) options.control_kind = kind;
  }
  return options;
}
