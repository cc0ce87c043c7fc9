import { inEveryLanguage, type Text } from '../src/messages/messages.ts';

/** What has a name of its own and one in each language: a command, an option. */
interface Named {
  readonly name: string;
  readonly text: Text<{ readonly name: string }>;
}

/** Everything that people may type for a command or an option: its own name, then those in each language. */
export function namesOf({ name, text }: Named): readonly string[] {
  return [...new Set([name, ...inEveryLanguage((messages) => text(messages).name)])];
}

/** The one that somebody called `typed`, in any language and in any case; `-` and `_` are the same. */
export function findNamed<Kind extends Named>(candidates: readonly Kind[], typed: string): Kind | undefined {
  const wanted = plain(typed);
  return candidates.find((candidate) => namesOf(candidate).some((name) => plain(name) === wanted));
}

/** Whether a word means yes or no, in any language; null for any other word. */
export function readAnswer(typed: string): boolean | null {
  const word = plain(typed.trim());
  const says = (own: readonly string[], known: readonly (readonly string[])[]) =>
    own.includes(word) || known.some((words) => words.includes(word));
  if (
    says(
      ['true', '1'],
      inEveryLanguage(({ answer }) => answer.yes),
    )
  )
    return true;
  return says(
    ['false', '0'],
    inEveryLanguage(({ answer }) => answer.no),
  )
    ? false
    : null;
}

/** Some systems send Hangul in pieces (NFD). */
function plain(text: string): string {
  return text.normalize('NFC').toLowerCase().replaceAll('_', '-');
}
