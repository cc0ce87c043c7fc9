import { InvalidRequestError, LimitError, QuartetError } from '../src/errors.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import type { Command, CommandServices, Invocation, Reply } from './define-command.ts';
import { describeError, isToldToPeople } from './describe-error.ts';
import { nearest } from './nearest.ts';
import { parseOptions } from './parse-options.ts';

/**
 * Finds the command, checks its options and runs it. What goes wrong in a way we know becomes an answer that only the
 * requester sees; any other error is thrown for the caller to log, who then answers with `describeError`.
 */
export async function dispatchTo(
  commands: readonly Command[],
  { options, ...caller }: Invocation,
  services: CommandServices,
): Promise<Reply> {
  const messages = messagesFor(caller.requester.locale);
  try {
    const command = findCommand(commands, caller.command, messages);
    return await command.run(caller, parseOptions(command, options, services, messages), services);
  } catch (error) {
    if (!(error instanceof QuartetError && isToldToPeople(error, messages))) throw error;
    if (!(error instanceof InvalidRequestError || error instanceof LimitError)) services.report?.(error);
    return { kind: 'text', text: describeError(error, messages), onlyForRequester: true };
  }
}

function findCommand(commands: readonly Command[], name: string, messages: Messages): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  throw new InvalidRequestError('unknown_command', messages.problem.unknownCommand(name, nearest(name, names)));
}
