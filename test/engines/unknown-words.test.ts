import { describe, expect, it } from 'vitest';
import { unknownWords } from '../../src/engines/unknown-words.ts';

const vocabulary = { objects: ['boat', 'berry', 'hot air balloon', 'houses'], colours: ['red'], times: ['at dusk'] };

describe('unknown words', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['known words in any case', 'A RED Boat', []],
    ['words of a known phrase', 'a balloon in hot air', []],
    ['plurals of known words', 'two boats, three berries', ['two', 'three']],
    ['the singular of a known plural', 'a house', []],
    ['articles and prepositions', 'the boat on top of a boat by the boat', ['top']],
    ['each word once, in order', 'zeppelin, dragon and zeppelin', ['zeppelin', 'dragon']],
    ['letters of any script', 'ein rotes Häuschen 🚢', ['ein', 'rotes', 'häuschen']],
    ['numbers and signs', '42 boats @ dusk !!!', []],
  ];
  it.each(cases)('heeds %s', (_, prompt, expected) => {
    expect(unknownWords(prompt, vocabulary)).toEqual(expected);
  });

  it('are at most 20', () => {
    const prompt = Array.from({ length: 26 }, (_, at) => `q${String.fromCharCode(97 + at)}x`).join(' ');
    expect(unknownWords(prompt, vocabulary)).toHaveLength(20);
  });

  it('cannot be told of a model without a closed vocabulary', () => {
    expect(unknownWords('anything', null)).toEqual([]);
  });
});
