import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commands, parseCommandLine } from '../../../commands/index.ts';
import { english } from '../../../src/messages/en.ts';
import { renderWorld } from '../../../src/platforms/web/world-view.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';

interface Suggestion {
  readonly label: string;
  readonly insert: string;
  readonly back: number;
}
interface Completion {
  readonly kind: 'command' | 'option' | 'value';
  readonly from: number;
  readonly to: number;
  readonly items: readonly Suggestion[];
  readonly eager: boolean;
}
interface CompletionModule {
  complete(text: string, caret: number, commands: readonly unknown[]): Completion | null;
  apply(
    text: string,
    completion: Completion,
    suggestion: Suggestion,
  ): { readonly text: string; readonly caret: number };
  suggestOption(option: unknown): Suggestion;
  unusedOptions(text: string, commands: readonly unknown[]): readonly { readonly name: string }[];
}

// The page's modules are plain JavaScript, checked by a tsconfig of their own; here their shape is written down.
const address: string = new URL('../../../src/platforms/web/page/completion.js', import.meta.url).href;
const { complete, apply, suggestOption, unusedOptions } = (await import(address)) as CompletionModule;

const world = renderWorld(commands, { engine: createInstantEngine().describe() }, 1_000, english);
const typed = world.commands.filter(({ surface }) => surface === 'slash');
const at = (text: string) => complete(text, text.length, typed);
const labels = (text: string) => at(text)?.items.map(({ label }) => label) ?? [];

function accept(text: string, label: string): string {
  const completion = at(text);
  const item = completion?.items.find((candidate) => candidate.label === label);
  if (!completion || !item) throw new Error(`“${text}” does not offer ${label}`);
  return apply(text, completion, item).text;
}

test('lists every command that people type after a slash, and none that only buttons run', () => {
  expect(labels('/')).toEqual(typed.map(({ name }) => `/${name}`));
  expect(labels('/')).not.toContain('/vary');
});

test('takes the first command at Enter until a whole one stands there', () => {
  expect(at('/im')).toMatchObject({ kind: 'command', eager: true });
  expect(at('/imagine')).toMatchObject({ eager: false });
  expect(accept('/im', '/imagine')).toBe('/imagine ');
});

test('leaves prose alone', () => {
  for (const text of ['a boat on a', 'sunset: a boat', 'a boat ', 'hello', '/imagine negative:"a style']) {
    expect(at(text)).toBeNull();
  }
});

test('offers options by their first letters, without a slash too, and never the same twice', () => {
  expect(labels('a boat sty')).toEqual(['style']);
  expect(labels('/imagine a boat --s')).toEqual(expect.arrayContaining(['style', 'size', 'seed', 'steps']));
  expect(labels('a boat style:neon sty')).toEqual([]);
  expect(at('a boat sty')?.eager).toBe(false);
});

test('offers a closed list after the colon, by name or label', () => {
  expect(labels('a boat style:')).toContain('Neon');
  expect(accept('a boat style:ne', 'Neon')).toBe('a boat style:neon ');
  expect(labels('a boat --style=pix')).toEqual(['Pixel art']);
  expect(at('a boat style:neon')).toBeNull();
});

test('puts the caret between the quotes of a text', () => {
  const completion = at('a boat neg');
  const item = completion?.items[0];
  if (!completion || !item) throw new Error('expected a suggestion');
  const { text, caret } = apply('a boat neg', completion, item);
  expect(text).toBe('a boat negative:""');
  expect(text.slice(caret)).toBe('"');
});

test('completes in the middle of a line without touching what follows', () => {
  const text = 'a boat sty on a lake';
  const completion = complete(text, 'a boat sty'.length, typed);
  const item = completion?.items[0];
  if (!completion || !item) throw new Error('expected a suggestion');
  expect(apply(text, completion, item).text).toBe('a boat style: on a lake');
});

test('every option it inserts is understood as that option', () => {
  const values: Record<string, string> = { integer: '3', number: '0.5', text: 'fog', boolean: 'true', job: 'x' };
  for (const command of typed) {
    for (const option of command.options.filter(({ type }) => type !== 'picture')) {
      const { insert, back } = suggestOption(option);
      const value = option.choices[0]?.value ?? values[option.type] ?? '';
      const head = insert.slice(0, insert.length - back) + value + insert.slice(insert.length - back);
      const line = `/${command.name} ${option.name === 'prompt' ? '' : 'x '}${head}`;
      const words = command.options.some(({ required, type }) => required && type === 'text')
        ? line
        : `/${command.name} ${head}`;
      expect(parseCommandLine(words).options[option.name]).toBe(value);
    }
  }
});

test('offers as chips only what is not used yet', () => {
  const names = unusedOptions('a boat seed:7 --steps 3', typed).map(({ name }) => name);
  expect(names).toContain('style');
  expect(names).not.toContain('seed');
  expect(names).not.toContain('steps');
  expect(names).not.toContain('prompt');
});

test('never loses what was typed around the caret, whatever was typed', () => {
  const part = fc.oneof(
    fc.constantFrom('/imagine', '/', 'style:', 'sty', '--s', 'negative:"', '"', 'seed:7', ' ', 'a boat'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.nat(60), fc.nat(9), (parts, position, choice) => {
      const text = parts.join('');
      const completion = complete(text, Math.min(position, text.length), typed);
      const item = completion?.items[choice % Math.max(1, completion.items.length)];
      if (!completion || !item) return;
      const applied = apply(text, completion, item);
      expect(applied.text.startsWith(text.slice(0, completion.from))).toBe(true);
      expect(applied.text.endsWith(text.slice(completion.to).replace(/^ /, ''))).toBe(true);
      expect(applied.caret).toBeGreaterThanOrEqual(completion.from);
      expect(applied.caret).toBeLessThanOrEqual(applied.text.length);
    }),
  );
});
