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
import { type Language, messagesFor, type Text } from '../../messages/messages.ts';
import { discordLimits } from './limits.ts';

/** Discord's own names of the languages that there are words for, besides English. */
const discordLocales = ['ko'] as const satisfies readonly Exclude<Language, 'en'>[];

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
      name_localizations: localized((locale) => discordMessagesFor(locale).drawThis),
      ...everywhere,
    },
  ];
}

function renderCommand({ name, text, options }: Command): RESTPostAPIApplicationCommandsJSONBody {
  return {
    type: ApplicationCommandType.ChatInput,
    name,
    ...described(text),
    options: options.map(renderOption),
    ...everywhere,
  };
}

function renderOption(option: CommandOption): APIApplicationCommandBasicOption {
  const { name, text, required = false } = option;
  const base = { name, ...described(text), required };
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
        name_localizations: localized((locale) => label(messagesFor(locale))),
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

/** What Discord shows instead to people of other languages; the names stay the same for programs. */
function described(text: Text<{ readonly name: string; readonly description: string }>) {
  return {
    name_localizations: localized((locale) => text(messagesFor(locale)).name),
    description: text(messagesFor('en')).description,
    description_localizations: localized((locale) => text(messagesFor(locale)).description),
  };
}

function localized(say: (locale: string) => string): Record<string, string> {
  return Object.fromEntries(discordLocales.map((locale) => [locale, say(locale)]));
}
