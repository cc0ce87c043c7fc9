import type { PageWords } from './page-words.ts';

const languageMark = '<html lang="en">';

/**
 * Puts the words of one language into index.html: where `{{key}}` stands, and all of them as JSON for the page's own
 * program. Throws where the page names a word that is not there.
 */
export function renderPage(template: string, language: string, words: PageWords): string {
  const texts: Readonly<Record<string, unknown>> = { ...words, words: JSON.stringify(words) };
  if (!template.includes(languageMark)) throw new TypeError(`Expected ${languageMark} in index.html, got none`);
  return template
    .replace(languageMark, languageMark.replace('en', language))
    .replaceAll(/\{\{(\w+)\}\}/g, (place, key: string) => {
      const text = Object.hasOwn(texts, key) ? texts[key] : undefined;
      if (typeof text !== 'string') throw new TypeError(`Expected a word for ${place} of index.html, got none`);
      return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
    });
}
