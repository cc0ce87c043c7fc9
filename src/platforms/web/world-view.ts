import type { Command, CommandOption, CommandWorld } from '../../../commands/define-command.ts';
import type { ModelDescription } from '../../engines/image-engine.ts';
import type { Messages } from '../../messages/messages.ts';

/** An option of a command, with its closed list spelled out. */
export interface OptionView {
  /** What the server calls it. */
  readonly name: string;
  /** What it is called in the reader's language, on a typed line. */
  readonly typed: string;
  readonly title: string;
  readonly description: string;
  readonly type: CommandOption['type'];
  readonly required: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly multiline: boolean;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}

export interface CommandView {
  readonly name: string;
  readonly typed: string;
  readonly description: string;
  readonly surface: Command['surface'];
  readonly options: readonly OptionView[];
}

/** What the page knows before anything is drawn: the commands for its completion, and what can draw. */
export interface WorldView {
  readonly engine: { readonly name: string; readonly models: readonly ModelDescription[] };
  readonly commands: readonly CommandView[];
  readonly maxUploadBytes: number;
}

/** Renders the commands and the engine for the page, in the language of whoever looks at it. */
export function renderWorld(
  commands: readonly Command[],
  world: CommandWorld,
  maxUploadBytes: number,
  messages: Messages,
): WorldView {
  return {
    engine: { name: world.engine.name, models: world.engine.models },
    commands: commands.map(({ name, text, surface, options }) => {
      const { name: typed, description } = text(messages);
      return {
        name,
        typed,
        description,
        surface,
        options: options
          .filter((option) => option.offered?.(world) ?? true)
          .map((option) => renderOption(option, world, messages)),
      };
    }),
    maxUploadBytes,
  };
}

function renderOption(option: CommandOption, world: CommandWorld, messages: Messages): OptionView {
  const isNumber = option.type === 'integer' || option.type === 'number';
  const { name: typed, title, description } = option.text(messages);
  const choices = option.type === 'choice' ? option.choices(world) : [];
  return {
    name: option.name,
    typed,
    title,
    description,
    type: option.type,
    required: option.required ?? false,
    min: isNumber ? option.min : null,
    max: isNumber ? option.max : null,
    multiline: option.type === 'text' && (option.multiline ?? false),
    choices: choices.map(({ value, label }) => ({ value, label: label(messages) })),
  };
}
