import {
  type APIApplicationCommandAutocompleteInteraction,
  type APICommandAutocompleteInteractionResponseCallbackData,
  ApplicationCommandOptionType,
} from 'discord.js';
import type { Command, CommandWorld } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import { truncate } from '../../messages/truncate.ts';
import { discordLimits } from './limits.ts';

interface Suggestion {
  readonly value: string;
  readonly name: string;
}

/** What is offered while somebody types. Pure: everything is known already, so nobody waits. */
export function suggest(
  { data, locale }: APIApplicationCommandAutocompleteInteraction,
  commands: readonly Command[],
  world: CommandWorld,
  unfinished: readonly Job[],
): APICommandAutocompleteInteractionResponseCallbackData {
  const messages = messagesFor(locale);
  const focused = data.options.find((option) => 'focused' in option && option.focused === true);
  const typed = focused?.type === ApplicationCommandOptionType.String ? focused.value : '';
  const command = commands.find(({ name }) => name === data.name);
  const option = command?.options.find(({ name }) => name === focused?.name);
  if (option?.type === 'choice') {
    const choices = option.choices(world).map(({ value, label }) => ({ value, name: label(messages) }));
    return { choices: matching(choices, typed) };
  }
  if (option?.type === 'job') {
    return {
      choices: matching(
        unfinished.map(({ id, request }) => ({ value: id, name: request.prompt })),
        typed,
      ),
    };
  }
  return { choices: [] };
}

/** Those that begin with what was typed first, then those that have it in them. */
function matching(suggestions: readonly Suggestion[], typed: string): Suggestion[] {
  const wanted = typed.trim().toLowerCase();
  const words = ({ value, name }: Suggestion) => [name.toLowerCase(), value.toLowerCase()];
  const begins = suggestions.filter((suggestion) => words(suggestion).some((word) => word.startsWith(wanted)));
  const contains = suggestions.filter((suggestion) => words(suggestion).some((word) => word.includes(wanted)));
  return [...new Set([...begins, ...contains])]
    .filter(({ value }) => value.length <= discordLimits.maxChoiceLength)
    .slice(0, discordLimits.maxChoices)
    .map(({ value, name }) => ({ value, name: truncate(name, discordLimits.maxChoiceLength) }));
}
