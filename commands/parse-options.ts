import { InvalidRequestError } from '../src/errors.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { checkValue } from './check-value.ts';
import type { CheckedOptions, Command, CommandWorld, OptionValue } from './define-command.ts';
import { nearest } from './nearest.ts';

/**
 * Checks raw values against a command's declaration. Pure.
 * Throws one `InvalidRequestError` (`invalid_options`) whose message has a line for every problem.
 */
export function parseOptions(
  command: Pick<Command, 'name' | 'text' | 'options'>,
  raw: Readonly<Record<string, OptionValue | null | undefined>>,
  world: CommandWorld,
  messages: Messages = messagesFor('en'),
): CheckedOptions {
  const say = messages.problem;
  const problems: string[] = [];
  const checked = new Map<string, OptionValue>();
  const names = command.options.map(({ name }) => name);
  const unknown = Object.keys(raw).filter((name) => !names.includes(name));
  for (const name of unknown.slice(0, 5)) {
    problems.push(say.unknownOption(command.text(messages).name, name, nearest(name, names), names));
  }
  for (const option of command.options) {
    const given = Object.hasOwn(raw, option.name) ? raw[option.name] : undefined;
    const result =
      given === undefined || given === null ? { value: undefined } : checkValue(option, given, world, messages);
    if ('problem' in result) problems.push(result.problem);
    else if (result.value !== undefined) checked.set(option.name, result.value);
    else if (option.required === true) {
      const { name } = option.text(messages);
      problems.push(option.type === 'text' ? say.nothingToDraw(name) : say.missing(name));
    }
  }
  if (problems.length > 0) throw new InvalidRequestError('invalid_options', problems.join('\n'));
  return Object.fromEntries(checked);
}
