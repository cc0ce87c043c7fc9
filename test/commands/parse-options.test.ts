import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Attachment,
  type CommandOption,
  defineCommand,
  type OptionText,
  type OptionValue,
} from '../../commands/define-command.ts';
import { imagine } from '../../commands/imagine.ts';
import { parseOptions } from '../../commands/parse-options.ts';
import { settings } from '../../commands/settings.ts';
import { vary } from '../../commands/vary.ts';
import { InvalidRequestError } from '../../src/errors.ts';
import type { JobId } from '../../src/jobs/job.ts';
import { korean } from '../../src/messages/ko.ts';
import { createInstantEngine } from '../engines/instant-engine.ts';

const world = { engine: createInstantEngine().describe() };
const parse = (raw: Record<string, OptionValue>) => parseOptions(imagine, { prompt: 'a boat', ...raw }, world);

function problemsOf(parsing: () => unknown): string[] {
  try {
    parsing();
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('parseOptions', () => {
  test('takes what a chat types and what a form sends', () => {
    expect(parse({ seed: '7', steps: 20, guidance: '7.5', scheduler: 'unipc', size: '512x512' })).toEqual({
      prompt: 'a boat',
      seed: 7,
      steps: 20,
      guidance: 7.5,
      scheduler: 'unipc',
      size: '512x512',
    });
  });

  test('knows a choice by its label and in any case', () => {
    expect(parse({ scheduler: 'DPM++ 2M', style: 'Woodcut' })).toMatchObject({
      scheduler: 'dpmpp_2m',
      style: 'woodcut',
    });
  });

  test('takes an empty field of a form as not given, but an empty text as empty', () => {
    expect(parse({ seed: '', steps: ' ', scheduler: '', negative: '' })).toEqual({ prompt: 'a boat', negative: '' });
  });

  test.each<[Record<string, OptionValue>, string]>([
    [{ steps: 0 }, 'Expected `steps` to be 1-150, got 0.'],
    [{ steps: '900' }, 'Expected `steps` to be 1-150, got 900.'],
    [{ steps: '7.5' }, 'Expected `steps` to be a whole number, got 7.5.'],
    [{ steps: 'many' }, 'Expected `steps` to be a whole number, got `many`.'],
    [{ seed: -1 }, 'Expected `seed` to be 0-4294967295, got -1.'],
    [{ seed: 4_294_967_296 }, 'Expected `seed` to be 0-4294967295, got 4294967296.'],
    [{ seed: '99999999999999999999999' }, 'Expected `seed` to be a whole number, got `99999999999999999999999`.'],
    [{ guidance: Number.NaN }, 'Expected `guidance` to be a number, got a number without end.'],
    [{ guidance: Number.POSITIVE_INFINITY }, 'Expected `guidance` to be a number, got a number without end.'],
    [{ guidance: 31 }, 'Expected `guidance` to be 0-30, got 31.'],
    [{ count: true }, 'Expected `count` to be a whole number, got `true`.'],
    [{ stepz: 3 }, '`imagine` has no option `stepz`; did you mean `steps`?'],
    [
      { scheduler: 'eular' },
      'Expected `scheduler` to be one of `ddim`, `dpmpp_2m`, `unipc`, `euler`, `euler_ancestral`, got `eular`. Did you mean `euler`?',
    ],
    [
      { image: 'https://example.com/cat.png' },
      'Expected `image` to be an attached picture, got `https://example.com/cat.png`.',
    ],
    [{ prompt: '' }, 'Expected `prompt` to say what to draw, got an empty text.'],
    [{ prompt: ' \n\t ' }, 'Expected `prompt` to say what to draw, got an empty text.'],
    [{ prompt: 'x'.repeat(10_000) }, 'Expected `prompt` to have at most 1,900 characters, got 10,000.'],
    [{ prompt: 'a\u0000b' }, 'Expected `prompt` to be plain text, got the control character U+0000.'],
    [{ prompt: 'a\u001b[31mb' }, 'Expected `prompt` to be plain text, got the control character U+001B.'],
    [{ prompt: 'a\ud83cb' }, 'Expected `prompt` to be valid Unicode, got half of a surrogate pair.'],
  ])('says what is wrong with %j', (raw, sentence) => {
    expect(problemsOf(() => parse(raw))).toEqual([sentence]);
  });

  test('lists every problem at once', () => {
    expect(problemsOf(() => parseOptions(imagine, { steps: 900, foo: 1, seed: 'x' }, world))).toEqual([
      expect.stringContaining('`imagine` has no option `foo`; it takes `prompt`'),
      'Expected `prompt` to say what to draw, got an empty text.',
      'Expected `steps` to be 1-150, got 900.',
      'Expected `seed` to be a whole number, got `x`.',
    ]);
  });

  test('asks for what is missing', () => {
    expect(problemsOf(() => parseOptions(vary, {}, world))).toEqual([
      'Expected `job`, got nothing.',
      'Expected `picture`, got nothing.',
    ]);
    expect(problemsOf(() => parseOptions(vary, { job: 'abc', picture: 5 }, world))).toEqual([
      'Expected `job` to be the id of a result, got `abc`.',
      'Expected `picture` to be 1-4, got 5.',
    ]);
  });

  test('keeps a text in one line, composed, and without marks that turn the reading direction', () => {
    expect(parse({ prompt: '  a\nred\t \u2028boat cafe\u0301 \u202eevil ' })).toEqual({
      prompt: 'a red boat café evil',
    });
    expect(parse({ prompt: '👩‍🚀 on 月' })).toEqual({ prompt: '👩‍🚀 on 月' });
  });

  test('never reads an option from the prototype', () => {
    expect(problemsOf(() => parseOptions(settings, { constructor: 1 }, world))[0]).toContain('no option `constructor`');
    expect(parseOptions(settings, {}, world)).toEqual({});
  });

  test('shows nothing of what came as markup', () => {
    const [problem] = problemsOf(() => parse({ scheduler: '`@everyone` **x**' }));
    expect(problem).toContain("got `'@everyone' **x**`.");
  });

  test('a line break in a wrong value does not break its answer in two', () => {
    expect(problemsOf(() => parse({ prompt: 'a boat', seed: '\0\n\0' }))).toHaveLength(1);
  });

  test('answers any values with checked values or an InvalidRequestError', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.integer(), fc.boolean());
    const names = fc.oneof(fc.constantFrom(...imagine.options.map(({ name }) => name)), fc.string());
    fc.assert(
      fc.property(fc.dictionary(names, value), (raw) => {
        for (const problem of problemsOf(() => parse(raw)))
          expect(problem).toMatch(/^(Expected |`imagine` has no option )/);
      }),
    );
  });

  test('takes every whole number in range and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000, max: 1_000 }), (steps) => {
        const isTaken = problemsOf(() => parse({ steps: String(steps) })).length === 0;
        expect(isTaken).toBe(steps >= 1 && steps <= 150);
      }),
    );
  });
});

/** What an option of a test says of itself, in every language. */
const said = (name: string, changes: Partial<OptionText> = {}) => {
  const text = { name, title: name, description: 'x', ...changes };
  return () => text;
};

describe('defineCommand', () => {
  const declare = (option: CommandOption, name = 'wave') =>
    defineCommand({
      name,
      text: () => ({ name, description: 'Wave back', examples: [] }),
      surface: 'slash',
      options: [option],
      run: () => Promise.resolve({ kind: 'text', text: '', onlyForRequester: true }),
    });

  test.each<[string, CommandOption]>([
    ['lower-case', { name: 'Steps', type: 'boolean', text: said('Steps') }],
    [
      '1-100 characters, got 101',
      { name: 'steps', type: 'boolean', text: said('steps', { description: 'x'.repeat(101) }) },
    ],
    ['to be called that in English, got stages', { name: 'steps', type: 'boolean', text: said('stages') }],
    [
      'by 1-32 lower-case letters (ko), got 단계 수',
      {
        name: 'steps',
        type: 'boolean',
        text: ({ state }) => ({ ...said('steps')(), name: state === korean.state ? '단계 수' : 'steps' }),
      },
    ],
    ['1-45 characters, got 46', { name: 'steps', type: 'boolean', text: said('steps', { title: 'x'.repeat(46) }) }],
    [
      'called the same',
      {
        name: 'steps',
        type: 'choice',
        text: said('steps'),
        choices: () => ['few', 'many'].map((value) => ({ value, label: () => 'some' })),
      },
    ],
    ['min <= max', { name: 'steps', type: 'integer', text: said('steps'), min: 2, max: 1 }],
    ['maxLength', { name: 'steps', type: 'text', text: said('steps'), maxLength: 0 }],
    ['1-25 choices, got 0', { name: 'steps', type: 'choice', text: said('steps'), choices: () => [] }],
    [
      '1-25 choices, got 26',
      {
        name: 'steps',
        type: 'choice',
        text: said('steps'),
        choices: () => Array.from({ length: 26 }, (_, index) => ({ value: `${index}`, label: () => `${index}` })),
      },
    ],
  ])('refuses a declaration: %s', (problem, option) => {
    expect(() => declare(option)).toThrow(problem);
  });

  test('refuses a name that no platform takes', () => {
    const option: CommandOption = { name: 'steps', type: 'boolean', text: said('steps') };
    expect(() => declare(option, 'Wave!')).toThrow('lower-case letters and dashes');
  });

  test('gives `run` the types that the options declare', () => {
    defineCommand({
      name: 'wave',
      text: () => ({ name: 'wave', description: 'Wave back', examples: [] }),
      surface: 'slash',
      options: [
        { name: 'job', type: 'job', text: said('job'), required: true },
        {
          name: 'hand',
          type: 'choice',
          text: said('hand'),
          choices: () => [{ value: 'left', label: () => 'Left' }] as const,
        },
        { name: 'times', type: 'integer', text: said('times'), min: 1, max: 3 },
        { name: 'picture', type: 'picture', text: said('picture') },
      ],
      run: (_caller, options) => {
        expectTypeOf(options).toEqualTypeOf<{
          readonly job: JobId;
          readonly hand: 'left' | undefined;
          readonly times: number | undefined;
          readonly picture: Attachment | undefined;
        }>();
        return Promise.resolve({ kind: 'text', text: '', onlyForRequester: true });
      },
    });
  });
});
