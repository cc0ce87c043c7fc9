/** Words that carry no object, colour or mood: a model that has never seen them loses nothing. */
const stopWords = new Set(
  (
    'a an the and or but nor of on in at to from by for with without within into onto over under above below ' +
    'beside besides behind before between among near next around across along through up down out off as is are ' +
    'was were be been being it its this that these those there here some any no not very so too just then while ' +
    'where when which who whose his her their our my your he she they we you i me us them has have had do does'
  ).split(' '),
);

const maxUnknownWords = 20;

/** The words of `prompt` that appear nowhere in a closed vocabulary, each once, in order, at most 20. */
export function unknownWords(
  prompt: string,
  vocabulary: Readonly<Record<string, readonly string[]>> | null,
): readonly string[] {
  if (vocabulary === null) return [];
  const known = new Set(Object.values(vocabulary).flat().flatMap(wordsOf).flatMap(foldings));
  const unknown = new Set<string>();
  for (const word of wordsOf(prompt)) {
    if (stopWords.has(word) || foldings(word).some((form) => known.has(form))) continue;
    unknown.add(word);
    if (unknown.size === maxUnknownWords) break;
  }
  return [...unknown];
}

/** The words of a text: letters only, in lower case. */
export function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .normalize('NFC')
      .match(/\p{L}+/gu) ?? []
  );
}

/** The word and what it may be the plural of: boats, houses, berries. */
function foldings(word: string): string[] {
  const forms = [word];
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss')) forms.push(word.slice(0, -1));
  if (word.length > 4 && word.endsWith('es')) forms.push(word.slice(0, -2));
  if (word.length > 4 && word.endsWith('ies')) forms.push(`${word.slice(0, -3)}y`);
  return forms;
}
