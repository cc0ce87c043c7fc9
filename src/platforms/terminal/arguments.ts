import { parseArgs } from 'node:util';
import type { CommandOption } from '../../../commands/define-command.ts';
import { imagine } from '../../../commands/imagine.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { Messages } from '../../messages/messages.ts';

/** What a shell line asked for; values are still unchecked. */
export type ImagineArguments =
  | { readonly help: true }
  | {
      readonly help: false;
      readonly folder: string;
      /** Paths of pictures, by the option that they are for. */
      readonly files: Readonly<Record<string, string>>;
      readonly values: Readonly<Record<string, string>>;
    };

const defaultFolder = 'out';
const own = {
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads `"a prompt" --out DIR --seed 7 …`: the options are those of `/imagine`, nothing is listed twice. */
export function readImagineArguments(argv: readonly string[], messages: Messages): ImagineArguments {
  const declared = Object.fromEntries(options().map(({ name }) => [name, { type: 'string' as const }]));
  // Not strict: what is unknown is named by the same words as everywhere else.
  const { tokens } = parseArgs({ args: [...argv], options: { ...declared, ...own }, strict: false, tokens: true });
  const words: string[] = [];
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') return { help: true };
    if (values.has(token.name)) throw problem(messages.problem.givenTwice(`--${token.name}`));
    // What looks like the next option was not meant as this one's value; `--negative=--x` says that it was.
    const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
    if (isMissing && Object.hasOwn({ ...declared, ...own }, token.name)) {
      throw problem(messages.problem.missingValue(`--${token.name}`, token.value ?? null));
    }
    values.set(token.name, token.value ?? '');
  }
  const { out = defaultFolder, ...given } = Object.fromEntries(values);
  if (out === '') throw problem(messages.terminal.noFolder);
  const isFile = (name: string) => options().some((option) => option.name === name && option.type === 'picture');
  const files = Object.fromEntries(Object.entries(given).filter(([name]) => isFile(name)));
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !isFile(name)));
  const prompt = words.join(' ');
  return { help: false, folder: out, files, values: prompt === '' ? rest : { prompt, ...rest } };
}

/** The text of `--help`, made of the same declaration. */
export function renderHelp(messages: Messages): string {
  const say = messages.terminal;
  const rows = [
    ['--out DIR', say.folder(defaultFolder)],
    ...options().map((option) => [
      `--${option.name} ${placeholder(option)}`,
      `${option.text(messages).description}${bounds(option)}`,
    ]),
    ['--help', say.help],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0)) + 2;
  return [
    'Usage: npm run imagine -- "a red lighthouse at dusk" --out DIR [options]',
    '',
    say.usage,
    '',
    ...rows.map(([name = '', description]) => `  ${name.padEnd(width)}${description}`),
    '',
  ].join('\n');
}

function options(): readonly CommandOption[] {
  return imagine.options.filter(({ name }) => name !== 'prompt');
}

function placeholder(option: CommandOption): string {
  switch (option.type) {
    case 'picture':
      return 'FILE';
    case 'integer':
    case 'number':
      return 'N';
    case 'choice':
      return 'NAME';
    default:
      return 'TEXT';
  }
}

function bounds(option: CommandOption): string {
  if (option.type === 'integer' || option.type === 'number') return ` (${option.min}-${option.max})`;
  // A list that does not depend on what is running can be said without starting it.
  if (option.type !== 'choice' || option.choices.length > 0) return '';
  const choices = option.choices({ engine: { name: '', models: [], concurrency: 1 } });
  return ` (${choices.map(({ value }) => value).join(', ')})`;
}

function problem(message: string): InvalidRequestError {
  return new InvalidRequestError('invalid_options', message);
}
