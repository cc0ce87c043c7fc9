import {
  type APIApplicationCommandAutocompleteInteraction,
  type APICommandAutocompleteInteractionResponseCallbackData,
  ApplicationCommandOptionType,
} from 'discord.js';
import type { Choice, Command, CommandWorld } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import { truncate } from '../../messages/truncate.ts';
import { discordLimits } from './limits.ts';

/** What is offered while somebody types. Pure: everything is known already, so nobody waits. */
export function suggest(
  { data }: APIApplicationCommandAutocompleteInteraction,
  commands: readonly Command[],
  world: CommandWorld,
  unfinished: readonly Job[],
): APICommandAutocompleteInteractionResponseCallbackData {
  const focused = data.options.find((option) => 'focused' in option && option.focused === true);
  const typed = focused?.type === ApplicationCommandOptionType.String ? focused.value : '';
  const option = commands.find(({ name }) => name === data.name)?.options.find(({ name }) => name === focused?.name);
  if (option?.type === 'choice') return { choices: render(matching(option.choices(world), typed)) };
  if (option?.type === 'job') {
    const own = unfinished.map(({ id, request }) => ({ value: id, label: request.prompt }));
    return { choices: render(matching(own, typed)) };
  }
  return { choices: [] };
}

/** Those that begin with what was typed first, then those that have it in them. */
function matching(choices: readonly Choice[], typed: string): readonly Choice[] {
  const wanted = typed.trim().toLowerCase();
  const words = ({ value, label }: Choice) => [label.toLowerCase(), value.toLowerCase()];
  const begins = choices.filter((choice) => words(choice).some((word) => word.startsWith(wanted)));
  const contains = choices.filter((choice) => words(choice).some((word) => word.includes(wanted)));
  return [...new Set([...begins, ...contains])].slice(0, discordLimits.maxChoices);
}

function render(choices: readonly Choice[]) {
  return choices
    .filter(({ value }) => value.length <= discordLimits.maxChoiceLength)
    .map(({ value, label }) => ({ name: truncate(label, discordLimits.maxChoiceLength), value }));
}
