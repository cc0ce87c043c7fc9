import { english } from './en.ts';

/** Everything the bot can say; a locale that lacks a key does not compile. */
export type Messages = typeof english;

/** By language (the first part of a BCP 47 tag). */
const locales: Readonly<Record<string, Messages>> = { en: english };

/** The catalogue for a BCP 47 tag such as `en-GB`; English where there is none. */
export function messagesFor(locale: string): Messages {
  const language = locale.toLowerCase().split(/[-_]/)[0] ?? '';
  return Object.hasOwn(locales, language) ? (locales[language] ?? english) : english;
}
