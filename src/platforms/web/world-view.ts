import type { Choice, Command, CommandOption, CommandWorld } from '../../../commands/define-command.ts';
import type { ModelDescription } from '../../engines/image-engine.ts';

/** An option of a command, with its closed list spelled out. */
export interface OptionView {
  readonly name: string;
  readonly description: string;
  readonly type: CommandOption['type'];
  readonly required: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly multiline: boolean;
  readonly choices: readonly Choice[];
}

export interface CommandView {
  readonly name: string;
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

/** Renders the commands and the engine for the page. */
export function renderWorld(commands: readonly Command[], world: CommandWorld, maxUploadBytes: number): WorldView {
  return {
    engine: { name: world.engine.name, models: world.engine.models },
    commands: commands.map(({ name, description, surface, options }) => ({
      name,
      description,
      surface,
      options: options.map((option) => renderOption(option, world)),
    })),
    maxUploadBytes,
  };
}

function renderOption(option: CommandOption, world: CommandWorld): OptionView {
  const isNumber = option.type === 'integer' || option.type === 'number';
  return {
    name: option.name,
    description: option.description,
    type: option.type,
    required: option.required ?? false,
    min: isNumber ? option.min : null,
    max: isNumber ? option.max : null,
    multiline: option.type === 'text' && (option.multiline ?? false),
    choices: option.type === 'choice' ? option.choices(world) : [],
  };
}
