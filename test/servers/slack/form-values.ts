import type { Json } from './refusal.ts';
import type { SlackView } from './world.ts';

/** What a person fills in, by action id, block id, or label; what is left out keeps its initial value. */
export type FormValues = Readonly<Record<string, string | readonly string[] | null>>;

/** `state.values` of a view that nobody has touched, as they are sent with a click on it. */
export function untouchedValues(view: SlackView): Json {
  const inputs = (view.content.blocks as Json[]).filter(({ type }) => type === 'input');
  return Object.fromEntries(
    inputs.map(({ block_id, element }) => {
      const { action_id } = element as Json;
      return [block_id, { [String(action_id)]: stateOf(element as Json, undefined) }];
    }),
  );
}

/** `state.values` of a view, as they are sent with a submission. */
export function fillIn(view: SlackView, values: FormValues): Json {
  const inputs = (view.content.blocks as Json[]).filter(({ type }) => type === 'input');
  const names = new Map(inputs.map((block) => [block, namesOf(block)]));
  for (const name of Object.keys(values)) {
    const known = [...names.values()].some((all) => all.includes(name));
    if (!known)
      throw new Error(`Expected a field "${name}", got ${[...names.values()].map((all) => all[0]).join(', ')}`);
  }
  return Object.fromEntries(
    inputs.map((block) => {
      const element = block.element as Json;
      const given = (names.get(block) ?? []).map((name) => values[name]).find((value) => value !== undefined);
      const value = stateOf(element, given);
      refuseBadValue(block, element, value);
      return [block.block_id, { [String(element.action_id)]: value }];
    }),
  );
}

function namesOf(block: Json): string[] {
  const element = block.element as Json;
  return [String((block.label as Json).text), String(element.action_id), String(block.block_id)];
}

type Option = { readonly text: Json; readonly value: string };

function stateOf(element: Json, given: FormValues[string] | undefined): Json {
  const type = element.type as string;
  const groups = (element.option_groups as { options: Option[] }[] | undefined) ?? [];
  const options = (element.options as Option[] | undefined) ?? groups.flatMap((group) => group.options);
  const choose = (value: string): Option => {
    const found = options.find((option) => option.value === value || option.text.text === value);
    if (found === undefined)
      throw new Error(`Expected one of ${options.map((option) => option.value).join(', ')}, got ${value}`);
    return found;
  };
  switch (type) {
    case 'plain_text_input':
    case 'number_input':
      return { type, value: given === undefined ? (element.initial_value ?? null) : given === '' ? null : given };
    case 'static_select':
    case 'radio_buttons':
      if (given === undefined) return { type, selected_option: element.initial_option ?? null };
      return { type, selected_option: given === null ? null : choose(given as string) };
    case 'multi_static_select':
    case 'checkboxes':
      if (given === undefined) return { type, selected_options: element.initial_options ?? [] };
      return { type, selected_options: [given ?? []].flat().map(choose) };
    case 'file_input':
      return { type, files: [given ?? []].flat().map((id) => ({ id })) };
    case 'channels_select':
      return { type, selected_channel: given ?? element.initial_channel ?? null };
    case 'conversations_select':
      return { type, selected_conversation: given ?? element.initial_conversation ?? null };
    default:
      return { type, value: given ?? null };
  }
}

/** What Slack's window refuses before anything is sent. */
function refuseBadValue(block: Json, element: Json, state: Json): void {
  const label = namesOf(block)[0] as string;
  const value = state.value ?? state.selected_option ?? state.selected_channel ?? state.selected_conversation;
  const lists = [state.selected_options, state.files].filter(Array.isArray);
  const empty = lists.length > 0 ? lists.every((list) => list.length === 0) : value === null || value === undefined;
  if (empty && block.optional !== true) throw new Error(`Slack's window refuses an empty "${label}"`);
  if (typeof value !== 'string') return;
  const longest = Number(element.max_length ?? 3000);
  if (value.length > longest) throw new Error(`Slack's window refuses more than ${longest} characters in "${label}"`);
  if (element.type !== 'number_input') return;
  const number = Number(value);
  const inside = number >= Number(element.min_value ?? -Infinity) && number <= Number(element.max_value ?? Infinity);
  const whole = element.is_decimal_allowed === true || Number.isInteger(number);
  if (Number.isNaN(number) || !inside || !whole) throw new Error(`Slack's window refuses "${value}" in "${label}"`);
}
