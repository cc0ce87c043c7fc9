/** @typedef {import('../page-words.ts').PageWords} PageWords */
/** @typedef {import('../../../messages/en/page.ts').Counted} Counted */

const language = document.documentElement.lang;

/** What the page says, in the language that the server chose by what the browser asked for. @type {PageWords} */
export const words = JSON.parse(document.getElementById('words')?.getAttribute('content') ?? '{}');

/** For numbers and dates: the browser's own variety of that language. */
export const locale = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;

const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/**
 * Puts values where `{name}` stands.
 *
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (place, name) => {
    const value = values[name];
    return typeof value === 'number' ? numbers.format(value) : (value ?? place);
  });
}

/** The form of a text that goes with a number. @param {Counted} forms @param {number} count */
export function byCount(forms, count) {
  return (plurals.select(count) === 'one' ? forms.one : undefined) ?? forms.other;
}

/** @param {number} value */
export function number(value) {
  return numbers.format(value);
}
