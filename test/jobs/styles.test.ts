import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { applyStyle, styles } from '../../src/jobs/styles.ts';

describe('applyStyle', () => {
  test('leaves the prompt alone without a style', () => {
    fc.assert(fc.property(fc.string(), (prompt) => applyStyle(prompt, null) === prompt));
    expect(applyStyle('a boat', 'a style of long ago')).toBe('a boat');
  });

  test('adds the words of a style after the prompt', () => {
    expect(applyStyle('a boat at dusk. ', 'pixel_art')).toBe('a boat at dusk, in pixel art style');
  });

  test('adds no more than the room that prompts leave for it', () => {
    expect(Math.max(...styles.map(({ id }) => applyStyle('', id).length))).toBeLessThan(100);
  });
});

test('every style is one that the small model was taught', () => {
  const folder = join(import.meta.dirname, '../../triton-models/demo/model');
  const pipeline = z
    .object({ vocabulary: z.object({ style: z.record(z.string(), z.array(z.string())) }) })
    .parse(JSON.parse(readFileSync(join(folder, 'pipeline.json'), 'utf8')));
  const taught = Object.values(pipeline.vocabulary.style).flat();
  for (const { prompt } of styles) expect(taught).toContain(prompt);
});
