import {
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmitInteraction,
  type APITextInputComponent,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import type { OptionValue, ReplyButton } from '../../../commands/define-command.ts';
import type { DiscordMessages } from '../../messages/discord.ts';
import { truncate } from '../../messages/truncate.ts';
import { discordLimits } from './limits.ts';

type Fields = NonNullable<ReplyButton['form']>;

const multiline = new Set(['prompt', 'negative']);

/** The form behind "Edit", filled in with what the result was drawn with. Pure. */
export function renderEditForm(
  customId: string,
  fields: Fields,
  { form: say }: DiscordMessages,
): APIModalInteractionResponseCallbackData {
  const labels: Readonly<Record<string, string>> = say;
  return {
    custom_id: customId,
    title: truncate(say.title, discordLimits.maxModalTitleLength),
    components: fields.slice(0, discordLimits.maxModalFields).map(({ option, value }) => {
      const input: APITextInputComponent = {
        type: ComponentType.TextInput,
        custom_id: option,
        style: multiline.has(option) ? TextInputStyle.Paragraph : TextInputStyle.Short,
        required: false,
        max_length: multiline.has(option) ? discordLimits.maxTextInputLength : 100,
        ...(value === '' ? {} : { value: value.slice(0, discordLimits.maxTextInputLength) }),
      };
      return { type: ComponentType.Label, label: labels[option] ?? option, component: input };
    }),
  };
}

/** What was filled in; an emptied field is an empty text. */
export function readEditForm({ data }: APIModalSubmitInteraction): Readonly<Record<string, OptionValue>> {
  const values: Record<string, OptionValue> = {};
  for (const row of data.components) {
    if (row.type !== ComponentType.Label) continue;
    const field = row.component;
    if (field.type === ComponentType.TextInput) values[field.custom_id] = field.value;
  }
  return values;
}
