import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { again } from './again.ts';
import { cancel } from './cancel.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import type { Command, CommandServices, Invocation, Reply } from './define-command.ts';
import { deleteResult } from './delete.ts';
import { details } from './details.ts';
import { dispatchTo } from './dispatch.ts';
import { edit } from './edit.ts';
import { enlarge } from './enlarge.ts';
import { forgetMe } from './forget-me.ts';
import { createHelp } from './help.ts';
import { history } from './history.ts';
import { imagine } from './imagine.ts';
import { models } from './models.ts';
import { queue } from './queue.ts';
import { settings } from './settings.ts';
import { styles } from './styles.ts';
import { vary } from './vary.ts';

const explained: readonly Command[] = [
  imagine,
  queue,
  cancel,
  history,
  models,
  styles,
  settings,
  forgetMe,
  vary,
  enlarge,
  again,
  edit,
  details,
  deleteResult,
];

/** Everything that people can ask for. */
export const commands: readonly Command[] = [...explained, createHelp(explained)];

/** Runs one of `commands`: checks its options first, and answers what people may know of an error. */
export function dispatch(invocation: Invocation, services: CommandServices): Promise<Reply> {
  return dispatchTo(commands, invocation, services);
}

const change = { ...imagine, options: [...imagine.options, ...edit.options.filter(({ name }) => name === 'picture')] };

/**
 * Reads what somebody said about a result, in its thread or as a reply: a prompt and options, as for `edit`; also any
 * other command, where the line begins with one.
 */
export function parseChange(text: string, messages: Messages): CommandLine {
  const line = readCommandLine(text, [change, ...commands.filter(({ name }) => name !== change.name)], messages);
  return line.command === change.name ? { ...line, command: edit.name } : line;
}

/** Reads a typed line as one of `commands`; throws `InvalidRequestError`. */
export function parseCommandLine(text: string, messages: Messages = messagesFor('en')): CommandLine {
  return readCommandLine(text, commands, messages);
}
