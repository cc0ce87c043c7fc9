import { truncate } from '../../messages/truncate.ts';

/**
 * What a person typed, so that Discord shows it letter by letter: no markup, no link, no mention, no emoji code.
 * https://discord.com/developers/docs/reference#message-formatting
 */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
      .replaceAll(/[\\*_~`|>#\-+[\]()<:]/g, '\\$&')
      // A backslash does not keep `@everyone` from lighting up; a joint that nobody sees does.
      .replaceAll('@', '@\u200b')
  );
}

/** As `escapeMarkdown`, cut to `maxCharacters` before it grows. */
export function quoteText(text: string, maxCharacters: number): string {
  return escapeMarkdown(truncate(text, maxCharacters));
}

/** A text in parts that each fit into one message, cut between lines where there are any, else between characters. */
export function splitText(text: string, maxLength: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > maxLength) {
    const line = rest.lastIndexOf('\n', maxLength);
    const space = rest.lastIndexOf(' ', maxLength);
    const natural = line > 0 ? line : space > 0 ? space : maxLength;
    // Never between the halves of a surrogate pair.
    const isInside = natural === maxLength && /[\ud800-\udbff]/.test(rest.charAt(natural - 1));
    const end = isInside ? natural - 1 : natural;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^[\n ]/, '');
  }
  return rest === '' ? parts : [...parts, rest];
}

/** A moment as Discord counts it down on each reader's screen. */
export function relativeTime(ms: number): string {
  return `<t:${Math.round(ms / 1_000)}:R>`;
}
