import { english } from './en.ts';
import { korean } from './ko.ts';

/** Everything the bot can say; a locale that lacks a key does not compile. */
export type Messages = typeof english;

/** A text in the language of whoever reads it: `(messages) => messages.button.again`. */
export type Text<Value = string> = (messages: Messages) => Value;

const catalogues = { en: english, ko: korean } as const satisfies Readonly<Record<string, Messages>>;

export type Language = keyof typeof catalogues;

/** The languages there are catalogues for (the first part of a BCP 47 tag), English first. */
// `Object.keys` forgets the keys' type, which stands in the line above.
export const languages = Object.keys(catalogues) as readonly Language[];

/** The language of a BCP 47 tag such as `en-GB` or `ko_KR.UTF-8`; null where there is no catalogue for it. */
export function languageOf(locale: string): Language | null {
  const [language] = locale.toLowerCase().split(/[-_.]/);
  return languages.find((known) => known === language) ?? null;
}

/** The catalogue for a BCP 47 tag; English where there is none. */
export function messagesFor(locale: string): Messages {
  return catalogues[languageOf(locale) ?? 'en'];
}

/** The same text in every language. */
export function inEveryLanguage<Value>(text: Text<Value>): readonly Value[] {
  return languages.map((language) => text(catalogues[language]));
}
