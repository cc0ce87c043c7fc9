import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderCommandLine } from '../../commands/command-line.ts';
import { imagine } from '../../commands/imagine.ts';
import { commands, parseCommandLine } from '../../commands/index.ts';
import { parseOptions } from '../../commands/parse-options.ts';
import { InvalidRequestError } from '../../src/errors.ts';
import { inEveryLanguage } from '../../src/messages/messages.ts';
import { createInstantEngine } from '../engines/instant-engine.ts';

const world = { engine: createInstantEngine().describe() };
const id = '0b8f9a7e-6a35-4c0e-9d65-3f1f1f0a2b4c';

describe('parseCommandLine', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      '/imagine a red lighthouse at dusk seed:7 steps:20 --style woodcut',
      'imagine',
      { prompt: 'a red lighthouse at dusk', seed: '7', steps: '20', style: 'woodcut' },
    ],
    ['a boat', 'imagine', { prompt: 'a boat' }],
    ['!imagine a boat', 'imagine', { prompt: 'a boat' }],
    ['  /IMAGINE   a boat  ', 'imagine', { prompt: 'a boat' }],
    ['/imagine seed:7 a boat --steps=3 at sea', 'imagine', { prompt: 'a boat at sea', seed: '7', steps: '3' }],
    ['/imagine a boat seed:7, steps:20.', 'imagine', { prompt: 'a boat', seed: '7', steps: '20' }],
    ['/imagine a boat Seed:7', 'imagine', { prompt: 'a boat', seed: '7' }],
    ['/imagine sunset: a boat', 'imagine', { prompt: 'sunset: a boat' }],
    ['/imagine steps: a long way', 'imagine', { prompt: 'steps: a long way' }],
    ['/imagine foo:bar at 12:30', 'imagine', { prompt: 'foo:bar at 12:30' }],
    ['/imagine "a castle: the last one" --count 1', 'imagine', { prompt: 'a castle: the last one', count: '1' }],
    ['/imagine a sign "open seed:7 late"', 'imagine', { prompt: 'a sign "open seed:7 late"' }],
    ['/imagine a boat negative:"fog, rain" seed:1', 'imagine', { prompt: 'a boat', negative: 'fog, rain', seed: '1' }],
    ['/imagine a boat negative:""', 'imagine', { prompt: 'a boat', negative: '' }],
    ['/imagine a boat negative:“fog, rain” —seed 7', 'imagine', { prompt: 'a boat', negative: 'fog, rain', seed: '7' }],
    ['/imagine a boat —quietly', 'imagine', { prompt: 'a boat —quietly' }],
    ['/imagine a 6" nail -- and 5\' more', 'imagine', { prompt: 'a 6" nail -- and 5\' more' }],
    ['prompt:a red boat seed:7', 'imagine', { prompt: 'a red boat', seed: '7' }],
    ['prompt:"a red boat" seed:7', 'imagine', { prompt: 'a red boat', seed: '7' }],
    ['', 'imagine', {}],
    ['/queue', 'queue', {}],
    ['/history 2', 'history', { page: '2' }],
    ['/help imagine', 'help', { command: 'imagine' }],
    ['/forget-me --confirm', 'forget-me', { confirm: 'true' }],
    ['/forget-me --confirm no', 'forget-me', { confirm: 'no' }],
    [`/vary ${id} 2`, 'vary', { job: id, picture: '2' }],
    [
      '/그리기 빨간 등대 단계:20 --스타일 목판화 seed:7',
      'imagine',
      { prompt: '빨간 등대', steps: '20', style: '목판화', seed: '7' },
    ],
    ['!그리기 프롬프트:"등대: 밤" 시드:7', 'imagine', { prompt: '등대: 밤', seed: '7' }],
    ['/그리기 하늘: 파랑', 'imagine', { prompt: '하늘: 파랑' }],
    ['/그리기 '.normalize('NFD') + '시드:7'.normalize('NFD'), 'imagine', { seed: '7' }],
    ['/대기열', 'queue', {}],
    ['/기록 2', 'history', { page: '2' }],
    ['/도움말 그리기', 'help', { command: '그리기' }],
    ['/내정보삭제 --확인', 'forget-me', { confirm: 'true' }],
    ['/내정보삭제 --확인 아니요', 'forget-me', { confirm: '아니요' }],
    [`/edit ${id} a blue boat steps:3`, 'edit', { job: id, prompt: 'a blue boat', steps: '3' }],
  ])('reads %j', (line, command, options) => {
    expect(parseCommandLine(line)).toEqual({ command, options });
  });

  test.each([
    ['/imagin a boat', 'There is no command `/imagin`; did you mean `/imagine`?'],
    ['/xyzzy', 'There is no command `/xyzzy`; `/help` lists them all.'],
    [' / ', 'There is no command `/`; `/help` lists them all.'],
    ['/imagine a boat --sede 7', '`imagine` has no option `--sede`; did you mean `--seed`?'],
    ['/imagine a boat steps: ', 'Expected a value after `steps`, got nothing.'],
    ['/imagine a boat --steps', 'Expected a value after `steps`, got nothing.'],
    ['/imagine a boat --steps --seed 7', 'Expected a value after `steps`, got nothing.'],
    ['/imagine seed:7 a boat seed:8', 'Expected `seed` once, got it twice.'],
    ['/imagine prompt:"a boat" at sea', '`imagine` does not know what to do with `at`.'],
    ['/그리가 등대', 'There is no command `/그리가`; did you mean `/그리기`?'],
    ['/그리기 등대 --시도 7', '`imagine` has no option `--시도`; did you mean `--시드`?'],
    ['/queue now', '`queue` does not know what to do with `now`.'],
    ['/settings 4', '`settings` does not know what to do with `4`.'],
    [`/imagine ${'x'.repeat(10_000)}`, 'Expected at most 8,000 characters, got 10,009.'],
  ])('refuses %.60j', (line, sentence) => {
    expect(() => parseCommandLine(line)).toThrow(InvalidRequestError);
    expect(() => parseCommandLine(line)).toThrow(sentence);
  });

  test('reads every example that the commands show, in every language', () => {
    const examples = commands.flatMap((command) =>
      inEveryLanguage((messages) => command.text(messages).examples)
        .flat()
        .map((example) => [command, example] as const),
    );
    expect(examples.length).toBeGreaterThan(16);
    for (const [command, example] of examples) {
      const line = parseCommandLine(`/${example}`);
      expect(line.command).toBe(command.name);
      expect(() => parseOptions(command, line.options, world)).not.toThrow();
    }
  });

  test('answers any line with a command or an InvalidRequestError', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('seed:', '--', '—', '"', '“', '”', '\\', '=', ' ', 'steps:7', '--style', '/imagine', ':'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          expect(parseCommandLine(pieces.join('')).command).toBeTypeOf('string');
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidRequestError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('keeps every word of ordinary prose', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}[,.:;!?]?$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        expect(parseCommandLine(`/imagine ${words.join(' ')}`).options.prompt).toBe(words.join(' '));
      }),
    );
  });
});

describe('renderCommandLine', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          'seed:7',
          '--steps',
          '"',
          '\\',
          'a',
          'boat',
          '—seed',
          'prompt:',
          '“x”',
          '/imagine',
          "it's",
          '=',
          ',',
        ),
        { minLength: 1, maxLength: 8 },
      )
      .map((words) => words.join(' ')),
  );
  const raw = fc.record(
    {
      prompt: text,
      negative: text,
      count: fc.integer({ min: 1, max: 4 }),
      steps: fc.integer({ min: 1, max: 150 }),
      guidance: fc.double({ min: 0, max: 30, noNaN: true }),
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      scheduler: fc.constantFrom('ddim', 'dpmpp_2m', 'euler_ancestral'),
      size: fc.constant('512x512'),
      style: fc.constantFrom('none', 'woodcut', 'pixel_art'),
    },
    { requiredKeys: ['prompt'] },
  );

  test('writes a line that is read back to the same checked values', () => {
    fc.assert(
      fc.property(raw, (given) => {
        let checked: ReturnType<typeof parseOptions>;
        try {
          checked = parseOptions(imagine, given, world);
        } catch {
          return; // What is refused is never rendered.
        }
        const line = parseCommandLine(renderCommandLine(imagine, checked));
        expect(line.command).toBe('imagine');
        expect(parseOptions(imagine, line.options, world)).toEqual(checked);
      }),
      { numRuns: 500 },
    );
  });

  test('reads like something that a person would type', () => {
    const options = { prompt: 'a red boat', seed: 7, negative: 'fog, rain', style: 'woodcut' };
    expect(renderCommandLine(imagine, options)).toBe('/imagine a red boat negative:"fog, rain" seed:7 style:woodcut');
    expect(renderCommandLine(imagine, { prompt: 'seed:9 lives' })).toBe('/imagine prompt:"seed:9 lives"');
  });
});
