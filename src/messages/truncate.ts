/** Cuts `text` to at most `maxCharacters` code points, the last of them `…` where something was cut. */
export function truncate(text: string, maxCharacters: number): string {
  // Code units are never fewer than code points, so a short text needs no counting.
  if (text.length <= maxCharacters) return text;
  const characters = Array.from(text);
  if (characters.length <= maxCharacters) return text;
  return maxCharacters < 1 ? '' : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}
