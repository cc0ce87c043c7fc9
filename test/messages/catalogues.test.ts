import { describe, expect, test } from 'vitest';
import { commands } from '../../commands/index.ts';
import { namesOf } from '../../commands/spoken-names.ts';
import { english } from '../../src/messages/en.ts';
import { korean } from '../../src/messages/ko.ts';
import { samples } from './samples.ts';

/** A text of the catalogue, or one made of sample values. */
interface Said {
  readonly path: string;
  readonly values: readonly unknown[];
  readonly text: string;
}

/** Everything that a catalogue says, with each of its sample values. */
function everythingSaid(part: unknown, given: unknown, path = ''): readonly Said[] {
  if (typeof part === 'string') return [{ path, values: [], text: part }];
  if (typeof part === 'function') {
    const calls = (given ?? [[]]) as readonly (readonly unknown[])[];
    return calls.map((values) => ({ path: `${path}(${JSON.stringify(values)})`, values, text: part(...values) }));
  }
  if (typeof part !== 'object' || part === null) throw new TypeError(`Expected a text at ${path}, got ${String(part)}`);
  return Object.entries(part).flatMap(([key, inner]) =>
    everythingSaid(inner, (given as Record<string, unknown> | undefined)?.[key], path === '' ? key : `${path}.${key}`),
  );
}

const inEnglish = everythingSaid(english, samples);
const inKorean = everythingSaid(korean, samples);

describe.each([
  ['English', inEnglish],
  ['Korean', inKorean],
])('in %s', (_, all) => {
  test('every sentence has words, and no hole where a value should stand', () => {
    expect(all.length).toBeGreaterThan(200);
    for (const { path, text } of all) {
      expect(typeof text, path).toBe('string');
      expect(text.trim(), path).not.toBe('');
      expect(text, path).not.toMatch(/undefined|null|NaN|\[object|function/);
    }
  });

  test('nothing can be read as a mention, and all markup is closed', () => {
    for (const { path, text } of all) {
      // Code keeps its `@` and `<` to itself; a code span never ends early, because backticks in values are replaced.
      const outside = text.replaceAll(/`[^`]*`/g, '');
      expect(outside, path).not.toMatch(/[`@]|<[!#@]/);
      expect((outside.match(/\*\*/g) ?? []).length % 2, path).toBe(0);
    }
  });
});

test('both languages have the same texts, and say the same values', () => {
  const paths = (all: readonly Said[]) =>
    all.map(({ path }) => path).filter((path) => !/\.(examples|yes|no)\.|^page.*\.one$/.test(path));
  expect(paths(inKorean)).toEqual(paths(inEnglish));
  const koreanAt = new Map(inKorean.map((said) => [said.path, said.text]));
  // A refused picture is described in English by whoever refused it.
  for (const { path, values, text } of inEnglish.filter((said) => !said.path.startsWith('refusedPicture'))) {
    // What kind of value was expected is said in each language's own words.
    const said = path.startsWith('problem.wrongType') ? [values[0], values[2]] : values;
    for (const value of said.flat()) {
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      const shown = [String(value).replaceAll('`', "'"), value.toLocaleString('en')];
      const isSaid = (sentence = '') => shown.some((words) => sentence.includes(words));
      expect(isSaid(koreanAt.get(path)), `${path}: ${koreanAt.get(path)}`).toBe(isSaid(text));
    }
  }
});

test("the page's texts have the same places for values", () => {
  const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  const koreanAt = new Map(inKorean.map((said) => [said.path, said.text]));
  const page = inEnglish.filter(({ path }) => path.startsWith('page.') && !path.endsWith('.one'));
  expect(page.length).toBeGreaterThan(60);
  for (const { path, text } of page) expect(places(koreanAt.get(path) ?? ''), path).toEqual(places(text));
});

test('Korean is Korean: no sentence was left in English', () => {
  const same = inKorean.filter(({ path, text }) => {
    const own = text.replaceAll(/`[^`]*`|ID|DDIM/g, '');
    return /[a-z]{3}/i.test(own) && !/\p{sc=Hangul}/u.test(own) && !path.includes('(');
  });
  expect(same).toEqual([]);
});

test('labels fit where the strictest platform shows them', () => {
  for (const catalogue of [english, korean]) {
    const buttons = everythingSaid(catalogue.button, samples.button);
    // https://api.slack.com/reference/block-kit/block-elements#button and .../views for the form.
    for (const { text } of buttons) expect(text.length).toBeLessThanOrEqual(75);
    for (const text of Object.values(catalogue.form)) expect(text.length).toBeLessThanOrEqual(24);
    expect(catalogue.button.edit.length).toBeLessThanOrEqual(24);
  }
});

test('no two commands answer to the same name in any language', () => {
  const names = commands.flatMap(namesOf);
  expect(new Set(names).size).toBe(names.length);
  for (const { options } of commands) {
    const own = options.flatMap(namesOf);
    expect(new Set(own).size).toBe(own.length);
  }
});
