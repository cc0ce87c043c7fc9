import {
  type APIApplicationCommandBasicOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import type { Choice, Command, CommandOption } from '../../../commands/define-command.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { languages, messagesFor, type Text } from '../../messages/messages.ts';
import { discordLimits } from './limits.ts';

/** The name of the command in the menu of a message. */
export const drawThisName = discordMessagesFor('en').drawThis;

const everywhere = {
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel],
};

/** The commands as Discord wants them registered; buttons are not among them. Pure. */
export function renderDiscordCommands(commands: readonly Command[]): RESTPostAPIApplicationCommandsJSONBody[] {
  return [
    ...commands.filter(({ surface }) => surface === 'slash').map(renderCommand),
    {
      type: ApplicationCommandType.Message,
      name: drawThisName,
      name_localizations: translations((language) => discordMessagesFor(language).drawThis),
      ...everywhere,
    },
  ];
}

function renderCommand({ name, text, options }: Command): RESTPostAPIApplicationCommandsJSONBody {
  return {
    type: ApplicationCommandType.ChatInput,
    name,
    ...named(text),
    options: options.map(renderOption),
    ...everywhere,
  };
}

function renderOption(option: CommandOption): APIApplicationCommandBasicOption {
  const base = { name: option.name, ...named(option.text), required: option.required ?? false };
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
      const rendered = choices.map(({ value, label }) => ({
        name: label(messagesFor('en')),
        name_localizations: translations((language) => label(messagesFor(language))),
        value,
      }));
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

/** What a command or option says of itself: the description, and both in the other languages. */
function named(text: Text<{ readonly name: string; readonly description: string }>) {
  return {
    description: text(messagesFor('en')).description,
    name_localizations: translations((language) => text(messagesFor(language)).name),
    description_localizations: translations((language) => text(messagesFor(language)).description),
  };
}

/** Our languages besides English are called as Discord calls them. */
function translations(read: (language: string) => string): Partial<Record<string, string>> {
  return Object.fromEntries(
    languages.filter((language) => language !== 'en').map((language) => [language, read(language)]),
  );
}
