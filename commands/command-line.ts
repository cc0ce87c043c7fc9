import { InvalidRequestError } from '../src/errors.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import type { Command, CommandOption, OptionValue } from './define-command.ts';
import { nearest } from './nearest.ts';
import { splitLine, unquote } from './split-line.ts';
import { findNamed, namesOf } from './spoken-names.ts';

type Declared = Pick<Command, 'name' | 'text' | 'options'>;

/** A command and its raw option values, as one line named them. */
export interface CommandLine {
  readonly command: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Longer lines are refused before anything walks over them. */
const maxLineLength = 8_000;

/**
 * Reads one typed line: `/imagine a red lighthouse seed:7 --style woodcut`, with names in any of our languages. Options stand anywhere, as `name:value`,
 * `--name value` or `--name=value`, with quotes around values that have spaces; all else is the text. A line without
 * a slash is a prompt. Throws `InvalidRequestError`.
 */
export function readCommandLine(
  line: string,
  commands: readonly Declared[],
  messages: Messages = messagesFor('en'),
): CommandLine {
  const say = messages.problem;
  if (line.length > maxLineLength) throw refusal([say.lineTooLong(maxLineLength, line.length)]);
  const [, name = 'imagine', rest = ''] =
    /^\s*(?:[/!](\p{L}[\p{L}\p{M}\p{N}_-]*)(?=\s|$))?\s*([\s\S]*)$/u.exec(line) ?? [];
  // A slash alone is a command that has not been named yet, not something to draw.
  if (/^[/!]\s*$/.test(rest)) throw refusal([say.unknownCommand(rest.trim(), null)], 'unknown_command');
  const command = findNamed(commands, name);
  if (command === undefined) {
    const names = commands.flatMap(namesOf).map((known) => `/${known}`);
    throw refusal([say.unknownCommand(`/${name}`, nearest(`/${name}`, names))], 'unknown_command');
  }
  return { command: command.name, options: readOptions(command, rest, messages) };
}

function readOptions(command: Declared, text: string, messages: Messages): Record<string, string> {
  const say = messages.problem;
  const problems: string[] = [];
  const given = new Map<string, string>();
  const words: string[] = [];
  const shown = (name: string) => command.options.find((option) => option.name === name)?.text(messages).name ?? name;
  const called = command.text(messages).name;
  for (const part of splitLine(text, command.options)) {
    if (part.kind === 'word') words.push(part.text);
    else if (part.kind === 'unknown') {
      const likely = nearest(part.name, command.options.flatMap(namesOf));
      const known = command.options.map(({ name }) => `--${shown(name)}`);
      const meant = likely === null ? null : `--${likely}`;
      problems.push(say.unknownOption(called, `--${part.name}`, meant, known));
    } else if (part.value === null) problems.push(say.missingValue(shown(part.name), null));
    else if (given.has(part.name)) problems.push(say.givenTwice(shown(part.name)));
    else given.set(part.name, part.value);
  }
  let isAfterWord = false;
  for (const option of command.options) {
    if (words.length === 0) break;
    const takesWords =
      option.required === true || command.options.length === 1 || (isAfterWord && option.type === 'text');
    if (given.has(option.name) || !takesWords) continue;
    isAfterWord = true;
    given.set(option.name, takeWords(option, words));
  }
  const [left] = words;
  if (left !== undefined) problems.push(say.tooManyWords(called, left));
  if (problems.length > 0) throw refusal(problems);
  return Object.fromEntries(given);
}

/** A text takes all words that are left, anything else takes one. */
function takeWords(option: CommandOption, words: string[]): string {
  const taken = words.splice(0, option.type === 'text' ? words.length : 1);
  const [only = ''] = taken;
  return taken.length === 1 ? (unquote(only) ?? only) : taken.join(' ');
}

/** Writes a line that `readCommandLine` reads back to the same values; attached pictures are left out. */
export function renderCommandLine(
  command: Declared,
  options: Readonly<Record<string, OptionValue | undefined>>,
): string {
  const values = command.options.flatMap(({ name }) => {
    const value = options[name];
    return value === undefined || typeof value === 'object' ? [] : [[name, String(value)] as const];
  });
  const [first, ...rest] = values;
  const start = `/${command.name}`;
  if (first === undefined) return start;
  const [name, text] = first;
  const end = rest.map((value) => ` ${assignment(value)}`).join('');
  const isText = command.options[0]?.name === name && command.options[0].type === 'text';
  if (!isText) return `${start} ${assignment(first)}${end}`;
  const bare = `${start} ${text}${end}`;
  return isReadAs(bare, command, values) ? bare : `${start} ${name}:${quote(text)}${end}`;
}

/** Whether the text without quotes around it stays whole, and leaves what follows it alone. */
function isReadAs(line: string, command: Declared, values: readonly (readonly [string, string])[]): boolean {
  try {
    const { options } = readCommandLine(line, [command]);
    return Object.keys(options).length === values.length && values.every(([name, text]) => options[name] === text);
  } catch (error) {
    if (error instanceof InvalidRequestError) return false;
    throw error;
  }
}

function assignment([name, text]: readonly [string, string]): string {
  return `${name}:${/^[\w.+-]*\w$/u.test(text) ? text : quote(text)}`;
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function refusal(problems: readonly string[], code = 'invalid_options'): InvalidRequestError {
  return new InvalidRequestError(code, problems.join('\n'));
}
