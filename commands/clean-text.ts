/** What keeps a text from being taken. */
export type TextProblem =
  | { readonly problem: 'control_character'; readonly codePoint: string }
  | { readonly problem: 'broken_text' };

/**
 * A text as people meant it: composed Unicode, every run of white space one space. Marks that turn the writing
 * direction around are dropped, because they make a text read differently from what it is.
 */
export function cleanText(raw: string): { readonly text: string } | TextProblem {
  if (!raw.isWellFormed()) return { problem: 'broken_text' };
  const spaced = raw.replaceAll(/\s+/gu, ' ');
  const control = spaced.match(/\p{Cc}/u);
  if (control !== null) {
    const codePoint = control[0].codePointAt(0) ?? 0;
    return {
      problem: 'control_character',
      codePoint: `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`,
    };
  }
  return {
    text: spaced
      .replaceAll(/[\u202a-\u202e\u2066-\u2069]/gu, '')
      .normalize('NFC')
      .trim(),
  };
}
