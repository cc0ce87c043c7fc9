import type { Json } from './refusal.ts';
import { readableText } from './texts.ts';
import type { SlackEphemeral, SlackMessage, SlackView } from './world.ts';

/** What buttons stand on. */
export type Clickable = SlackMessage | SlackEphemeral | SlackView;

export function blocksOf(on: Clickable): Json[] {
  return 'content' in on ? (on.content.blocks as Json[]) : on.blocks;
}

/** Every button there, with the block it stands in. */
export function buttonsOf(on: Clickable): { readonly element: Json; readonly block: Json }[] {
  return blocksOf(on).flatMap((block) =>
    elementsOf(block)
      .filter(({ type }) => type === 'button')
      .map((element) => ({ element, block })),
  );
}

/** The label that people see. */
export function labelOf(element: Json): string {
  return readableText(String((element.text as Json).text));
}

/** A menu by its action id, with the option of that text or value. */
export function findSelect(on: Clickable, menu: string, option: string): { element: Json; block: Json; chosen: Json } {
  for (const block of blocksOf(on)) {
    for (const element of elementsOf(block)) {
      if (element.action_id !== menu) continue;
      const groups = (element.option_groups as { options: Json[] }[] | undefined) ?? [];
      const options = (element.options as Json[] | undefined) ?? groups.flatMap((group) => group.options);
      const chosen = options.find(({ value, text }) => value === option || labelOf({ text }) === option);
      if (chosen !== undefined) return { element, block, chosen };
    }
  }
  throw new Error(`Expected a menu "${menu}" with an option "${option}"`);
}

function elementsOf(block: Json): Json[] {
  const accessory = block.accessory as Json | undefined;
  return [...((block.elements as Json[] | undefined) ?? []), ...(accessory === undefined ? [] : [accessory])];
}

/** A button by its label or its action id. */
export function findElement(on: Clickable, button: string): { element: Json; block: Json } {
  const all = buttonsOf(on);
  const found = all.find(({ element }) => element.action_id === button || labelOf(element) === button);
  if (found !== undefined) return found;
  const labels = all.map(({ element }) => `"${labelOf(element)}"`).join(', ');
  throw new Error(`Expected a button "${button}", got ${labels || 'no buttons'}`);
}
