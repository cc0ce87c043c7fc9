import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import type { Choice, Command, CommandOption } from '../../../commands/define-command.ts';
import { discordLocales, discordMessagesFor } from '../../messages/discord.ts';
import { discordLimits } from './limits.ts';

/** The name of the command in the menu of a message. */
export const drawThisName = discordMessagesFor('en').drawThis;

const everywhere = {
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
};

/** The commands as Discord wants them registered; buttons are not among them. Pure. */
export function renderDiscordCommands(commands: readonly Command[]): RESTPostAPIApplicationCommandsJSONBody[] {
  const names = Object.entries(discordLocales).map(([locale, { drawThis }]) => [locale, drawThis]);
  return [
    ...commands.filter(({ surface }) => surface === 'slash').map(renderCommand),
    {
      type: ApplicationCommandType.Message,
      name: drawThisName,
      name_localizations: Object.fromEntries(names),
      ...everywhere,
    },
  ];
}

function renderCommand({ name, description, options }: Command): RESTPostAPIApplicationCommandsJSONBody {
  return {
    type: ApplicationCommandType.ChatInput,
    name,
    description,
    options: options.map(renderOption),
    ...everywhere,
  };
}

function renderOption(option: CommandOption): APIApplicationCommandBasicOption {
  const { name, description } = option;
  const base = { name, description, required: option.required ?? false };
  switch (option.type) {
    case 'text': {
      const max_length = Math.min(option.maxLength, discordLimits.maxOptionTextLength);
      return { ...base, type: ApplicationCommandOptionType.String, max_length };
    }
    case 'integer':
      return { ...base, type: ApplicationCommandOptionType.Integer, min_value: option.min, max_value: option.max };
    case 'number':
      return { ...base, type: ApplicationCommandOptionType.Number, min_value: option.min, max_value: option.max };
    case 'boolean':
      return { ...base, type: ApplicationCommandOptionType.Boolean };
    case 'picture':
      return { ...base, type: ApplicationCommandOptionType.Attachment };
    case 'job':
      return { ...base, type: ApplicationCommandOptionType.String, autocomplete: true };
    case 'choice': {
      const choices = staticChoices(option);
      if (choices === null) return { ...base, type: ApplicationCommandOptionType.String, autocomplete: true };
      const rendered = choices.map(({ value, label }) => ({ name: label, value }));
      return { ...base, type: ApplicationCommandOptionType.String, choices: rendered };
    }
    default:
      return option satisfies never;
  }
}

/** The list of an option that does not depend on the world; null where it does, or is too long to be registered. */
function staticChoices({ choices }: CommandOption & { readonly type: 'choice' }): readonly Choice[] | null {
  if (choices.length > 0) return null;
  // A function of no arguments cannot look at the world.
  const list = (choices as () => readonly Choice[])();
  return list.length > discordLimits.maxChoices ? null : list;
}
