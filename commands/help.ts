import type { Messages } from '../src/messages/messages.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { type Choice, type Command, type CommandOption, type CommandWorld, defineCommand } from './define-command.ts';

/** The command that explains the others, out of their own declarations. */
export function createHelp(others: readonly Command[]): Command {
  const help: Command = defineCommand({
    name: 'help',
    description: 'See what I can do',
    surface: 'slash',
    options: [
      {
        name: 'command',
        type: 'choice',
        description: 'More about this command',
        choices: (): readonly Choice[] => others.map(({ name }) => ({ value: name, label: name })),
      },
    ],
    examples: ['help', 'help imagine'],
    async run({ requester }, options, world) {
      const messages = messagesFor(requester.locale);
      const one = others.find(({ name }) => name === options.command);
      const text = one === undefined ? overview([...others, help], messages) : explain(one, world, messages);
      return { kind: 'text', text, onlyForRequester: true };
    },
  });
  return help;
}

function overview(commands: readonly Command[], { help: say }: Messages): string {
  const entries = (surface: Command['surface']) =>
    commands
      .filter((command) => command.surface === surface)
      .map(({ name, description }) => say.entry(name, description));
  const [first] = commands;
  return [
    say.intro,
    ...(first?.examples ?? []).map((example) => say.usage(`/${example}`)),
    '',
    say.commands,
    ...entries('slash').map((line) => line.replace('`', '`/')),
    '',
    say.buttons,
    ...entries('button'),
    '',
    say.more(first?.name ?? ''),
  ].join('\n');
}

function explain(command: Command, world: CommandWorld, { help: say }: Messages): string {
  return [
    say.usage(usage(command)),
    command.description,
    ...(command.options.length === 0 ? [] : ['', say.options]),
    ...command.options.map((option) => say.option(option.name, option.description, facts(option, world, say))),
    ...(command.examples.length === 0 ? [] : ['', say.examples]),
    ...command.examples.map((example) => say.usage(`/${example}`)),
  ].join('\n');
}

function usage({ name, options }: Command): string {
  const parts = options.map((option) => (option.required === true ? option.name : `[${option.name}]`));
  return [`/${name}`, ...parts].join(' ');
}

function facts(option: CommandOption, world: CommandWorld, say: Messages['help']): string | null {
  const needed = option.required === true ? say.required : null;
  if (option.type === 'integer' || option.type === 'number') {
    return [say.range(option.min, option.max), needed].filter((part) => part !== null).join(', ');
  }
  if (option.type === 'choice') return say.oneOf(option.choices(world).map(({ value }) => value));
  return needed;
}
