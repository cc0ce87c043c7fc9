import type { Messages } from '../src/messages/messages.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { type Choice, type Command, type CommandOption, type CommandWorld, defineCommand } from './define-command.ts';

/** The command that explains the others, out of their own declarations. */
export function createHelp(others: readonly Command[]): Command {
  const help: Command = defineCommand({
    name: 'help',
    text: ({ command }) => command.help,
    surface: 'slash',
    options: [
      {
        name: 'command',
        type: 'choice',
        text: ({ option }) => option.command,
        choices: (): readonly Choice[] =>
          others.map(({ name, text }) => ({ value: name, label: (messages) => text(messages).name })),
      },
    ],
    async run({ requester }, options, world) {
      const messages = messagesFor(requester.locale);
      const one = others.find(({ name }) => name === options.command);
      const text = one === undefined ? overview([...others, help], messages) : explain(one, world, messages);
      return { kind: 'text', text, onlyForRequester: true };
    },
  });
  return help;
}

function overview(commands: readonly Command[], messages: Messages): string {
  const say = messages.help;
  const entries = (surface: Command['surface'], before: string) =>
    commands
      .filter((command) => command.surface === surface)
      .map(({ text }) => text(messages))
      .map(({ name, description }) => say.entry(`${before}${name}`, description));
  const first = commands[0]?.text(messages);
  return [
    say.intro,
    ...(first?.examples ?? []).map((example) => say.usage(`/${example}`)),
    '',
    say.commands,
    ...entries('slash', '/'),
    '',
    say.buttons,
    ...entries('button', ''),
    '',
    say.more(first?.name ?? ''),
  ].join('\n');
}

function explain(command: Command, world: CommandWorld, messages: Messages): string {
  const say = messages.help;
  const { description, examples } = command.text(messages);
  const offered = command.options.filter((option) => option.offered?.(world) ?? true);
  const options = offered.map((option) => {
    const { name, description: what } = option.text(messages);
    return say.option(name, what, facts(option, world, say));
  });
  return [
    say.usage(usage(command, messages)),
    description,
    ...(options.length === 0 ? [] : ['', say.options, ...options]),
    ...(examples.length === 0 ? [] : ['', say.examples]),
    ...examples.map((example) => say.usage(`/${example}`)),
  ].join('\n');
}

function usage({ text, options }: Command, messages: Messages): string {
  const parts = options.map((option) => {
    const { name } = option.text(messages);
    return option.required === true ? name : `[${name}]`;
  });
  return [`/${text(messages).name}`, ...parts].join(' ');
}

function facts(option: CommandOption, world: CommandWorld, say: Messages['help']): string | null {
  const needed = option.required === true ? say.required : null;
  if (option.type === 'integer' || option.type === 'number') {
    return [say.range(option.min, option.max), needed].filter((part) => part !== null).join(', ');
  }
  if (option.type === 'choice') return say.oneOf(option.choices(world).map(({ value }) => value));
  return needed;
}
