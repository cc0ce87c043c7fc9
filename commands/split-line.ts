import type { CommandOption } from './define-command.ts';
import { findNamed, readAnswer } from './spoken-names.ts';

/** A piece of a typed line. */
export type LinePart =
  | { readonly kind: 'word'; readonly text: string }
  /** `value` is null where the line ends before it. */
  | { readonly kind: 'option'; readonly name: string; readonly value: string | null }
  /** `--name` with a name that the command does not have. */
  | { readonly kind: 'unknown'; readonly name: string };

// Sticky: each looks at one place of the line only, so reading a line takes time in proportion to its length.
const space = /\s*/uy;
const plain = /\S+/uy;
/** Telephones write a long dash for two short ones and curl the quotes. */
const dashes = /(--|—)(\p{L}[\p{L}\p{M}_-]*)(=|(?=\s|$))/uy;
/** A name at the very end still lacks its value; one before a space belongs to a sentence. */
const colon = /(\p{L}[\p{L}\p{M}_]*):(?=\S|\s*$)/uy;
const quotedValue = /(?:"(?:[^"\\]|\\[\s\S])*"|“(?:[^”\\]|\\[\s\S])*”)/uy;
const afterQuote = /[,;]?(?=\s|$)/uy;

/** Splits the text after a command's name into words and options. */
export function* splitLine(text: string, options: readonly CommandOption[]): Iterable<LinePart> {
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match !== null) position += match[0].length;
    return match;
  };
  const takeQuoted = (): string | null => {
    const start = position;
    const match = take(quotedValue);
    if (match === null || take(afterQuote) !== null) return match?.[0] ?? null;
    position = start;
    return null;
  };
  const takeValue = (option: CommandOption): string | null => {
    const quoted = takeQuoted();
    if (quoted !== null) return unquote(quoted);
    const word = take(plain)?.[0] ?? null;
    // "seed:7, steps:20": the comma belongs to the sentence.
    return option.type === 'text' ? word : (word?.replace(/[,;.]+$/u, '') ?? null);
  };

  for (take(space); position < text.length; take(space)) {
    const quoted = takeQuoted();
    if (quoted !== null) {
      yield { kind: 'word', text: quoted };
      continue;
    }
    const start = position;
    const [, dash, rawName = '', equals] = take(dashes) ?? [];
    const long = findNamed(options, rawName);
    if (long !== undefined) {
      if (equals === '') take(space);
      if (isBareMainText(long, options, text[position])) continue;
      const isAlone = equals === '' && hasNoValue(long, text, position);
      const value = long.type === 'boolean' ? 'true' : null;
      yield { kind: 'option', name: long.name, value: isAlone ? value : takeValue(long) };
      continue;
    }
    if (dash === '--') {
      yield { kind: 'unknown', name: rawName };
      take(plain);
      continue;
    }
    position = start;
    const short = take(colon);
    const option = short === null ? undefined : findNamed(options, short[1] ?? '');
    if (option !== undefined) {
      if (isBareMainText(option, options, text[position])) continue;
      yield { kind: 'option', name: option.name, value: takeValue(option) };
      continue;
    }
    position = start;
    yield { kind: 'word', text: take(plain)?.[0] ?? '' };
  }
}

/** What stands between quotes; null for a text that is not one quoted piece. */
export function unquote(text: string): string | null {
  quotedValue.lastIndex = 0;
  if (quotedValue.exec(text)?.[0].length !== text.length) return null;
  return text.slice(1, -1).replaceAll(/\\(["\\”])/gu, '$1');
}

/** `prompt:a red boat` without quotes means all of the text, so only the name is dropped. */
function isBareMainText(option: CommandOption, options: readonly CommandOption[], next: string | undefined): boolean {
  return option === options[0] && option.type === 'text' && next !== '"' && next !== '“';
}

/** Whether the line ends here, or goes on with something that is no value: `--confirm` alone means yes. */
function hasNoValue(option: CommandOption, text: string, position: number): boolean {
  const next = text.slice(position, position + 16);
  if (next === '' || /^(--|—)\p{L}/u.test(next)) return true;
  return option.type === 'boolean' && readAnswer(next.split(/\s/u, 1)[0] ?? '') === null;
}
