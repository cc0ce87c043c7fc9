import type { types } from '@slack/bolt';
import { z } from 'zod';
import type { CommandOption, CommandWorld, OptionValue } from '../../../commands/define-command.ts';
import type { Messages } from '../../messages/messages.ts';
import { truncate } from '../../messages/truncate.ts';
import { slackLimits } from './limits.ts';

/** Field values that a form opens with. */
export type Prefilled = Readonly<Record<string, string>>;

const actionId = 'value';
const blockOf = (option: string) => `option:${option}`;

/** Options of a command as fields of a form; those that a form cannot hold are left out. Pure. */
export function renderFields(
  options: readonly CommandOption[],
  values: Prefilled,
  { world, messages }: { readonly world: CommandWorld; readonly messages: Messages },
): types.InputBlock[] {
  const offered = options.filter((option) => option.offered?.(world) ?? true);
  return offered.flatMap((option) => {
    const element = renderElement(option, values[option.name] ?? '', world, messages);
    if (element === null) return [];
    const { title, description } = option.text(messages);
    return [
      {
        type: 'input' as const,
        block_id: blockOf(option.name),
        label: { type: 'plain_text' as const, text: truncate(title, slackLimits.inputLabel) },
        ...(title === description ? {} : { hint: { type: 'plain_text' as const, text: description } }),
        optional: option.required !== true,
        element,
      },
    ];
  });
}

function renderElement(
  option: CommandOption,
  value: string,
  world: CommandWorld,
  messages: Messages,
): types.InputBlock['element'] | null {
  const initial = value === '' ? {} : { initial_value: value };
  switch (option.type) {
    case 'text': {
      const max = Math.min(option.maxLength, slackLimits.inputText);
      const text = value === '' ? {} : { initial_value: truncate(value, max) };
      return {
        type: 'plain_text_input',
        action_id: actionId,
        multiline: option.multiline ?? false,
        max_length: max,
        ...text,
      };
    }
    case 'integer':
    case 'number': {
      const bounds = { min_value: String(option.min), max_value: String(option.max) };
      return {
        type: 'number_input',
        action_id: actionId,
        is_decimal_allowed: option.type === 'number',
        ...bounds,
        ...initial,
      };
    }
    case 'choice': {
      const choices = option
        .choices(world)
        .slice(0, slackLimits.optionsPerSelect)
        .map((choice) => ({
          text: { type: 'plain_text' as const, text: truncate(choice.label(messages), slackLimits.optionText) },
          value: choice.value,
        }));
      const chosen = choices.find((choice) => choice.value === value);
      if (choices.length === 0) return null;
      return {
        type: 'static_select',
        action_id: actionId,
        options: choices,
        ...(chosen === undefined ? {} : { initial_option: chosen }),
      };
    }
    case 'picture':
      return {
        type: 'file_input',
        action_id: actionId,
        filetypes: ['png', 'jpg', 'jpeg', 'webp', 'gif'],
        max_files: 1,
      };
    case 'boolean':
    case 'job':
      return null;
    default:
      return option satisfies never;
  }
}

const stateSchema = z.record(
  z.string(),
  z.record(
    z.string(),
    z.object({
      value: z.string().nullish(),
      selected_option: z.object({ value: z.string() }).nullish(),
      selected_conversation: z.string().nullish(),
      files: z.array(z.unknown()).nullish(),
    }),
  ),
);

/** What a person filled in. */
export interface FilledForm {
  /** By option; fields left empty are absent. */
  readonly values: Readonly<Record<string, OptionValue>>;
  /** By option: what was chosen for it. */
  readonly files: Readonly<Record<string, readonly unknown[]>>;
  readonly conversation: string | null;
}

/** Reads a form that was sent. */
export function readForm(state: unknown): FilledForm {
  const blocks = stateSchema.parse(state);
  const values: Record<string, OptionValue> = {};
  const files: Record<string, readonly unknown[]> = {};
  let conversation: string | null = null;
  for (const [block, elements] of Object.entries(blocks)) {
    for (const element of Object.values(elements)) {
      const value = element.value ?? element.selected_option?.value ?? null;
      const option = block.startsWith('option:') ? block.slice('option:'.length) : null;
      if (option !== null && value !== null && value !== '') values[option] = value;
      if (option !== null && element.files) files[option] = element.files;
      conversation = element.selected_conversation ?? conversation;
    }
  }
  return { values, files, conversation };
}

/** What is wrong, by field, in the form that Slack shows beside the fields. */
export function fieldErrors(problems: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...problems].map(([option, problem]) => [blockOf(option), problem]));
}
