import {
  type APIApplicationCommandAutocompleteInteraction,
  type APICommandAutocompleteInteractionResponseCallbackData,
  ApplicationCommandOptionType,
} from 'discord.js';
import type { Command, CommandWorld } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import type { Messages } from '../../messages/messages.ts';
import { truncate } from '../../messages/truncate.ts';
import { discordLimits } from './limits.ts';

/** What is offered while somebody types. Pure: everything is known already, so nobody waits. */
export function suggest(
  { data }: APIApplicationCommandAutocompleteInteraction,
  commands: readonly Command[],
  world: CommandWorld,
  unfinished: readonly Job[],
  messages: Messages,
): APICommandAutocompleteInteractionResponseCallbackData {
  const focused = data.options.find((option) => 'focused' in option && option.focused === true);
  const typed = focused?.type === ApplicationCommandOptionType.String ? focused.value : '';
  const option = commands.find(({ name }) => name === data.name)?.options.find(({ name }) => name === focused?.name);
  if (option?.type === 'choice') {
    const choices = option.choices(world).map(({ value, label }) => ({ value, label: label(messages) }));
    return { choices: render(matching(choices, typed)) };
  }
  if (option?.type === 'job') {
    const own = unfinished.map(({ id, request }) => ({ value: id, label: request.prompt }));
    return { choices: render(matching(own, typed)) };
  }
  return { choices: [] };
}

interface Suggestion {
  readonly value: string;
  readonly label: string;
}

/** Those that begin with what was typed first, then those that have it in them. */
function matching(choices: readonly Suggestion[], typed: string): readonly Suggestion[] {
  const wanted = typed.trim().toLowerCase();
  const words = ({ value, label }: Suggestion) => [label.toLowerCase(), value.toLowerCase()];
  const begins = choices.filter((choice) => words(choice).some((word) => word.startsWith(wanted)));
  const contains = choices.filter((choice) => words(choice).some((word) => word.includes(wanted)));
  return [...new Set([...begins, ...contains])].slice(0, discordLimits.maxChoices);
}

function render(choices: readonly Suggestion[]) {
  return choices
    .filter(({ value }) => value.length <= discordLimits.maxChoiceLength)
    .map(({ value, label }) => ({ name: truncate(label, discordLimits.maxChoiceLength), value }));
}
