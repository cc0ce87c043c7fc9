import type { Json } from './refusal.ts';
import type { SlackEphemeral, SlackMessage, SlackView } from './world.ts';

/** What buttons stand on. */
export type Clickable = SlackMessage | SlackEphemeral | SlackView;

export function blocksOf(on: Clickable): Json[] {
  return 'content' in on ? (on.content.blocks as Json[]) : on.blocks;
}

/** Every button there, with the block it stands in. */
export function buttonsOf(on: Clickable): { readonly element: Json; readonly block: Json }[] {
  return blocksOf(on).flatMap((block) => {
    const inside = [...((block.elements as Json[] | undefined) ?? []), block.accessory as Json | undefined];
    return inside
      .filter((element) => element?.type === 'button')
      .map((element) => ({ element: element as Json, block }));
  });
}

/** The label that people see. */
export function labelOf(element: Json): string {
  return String((element.text as Json).text);
}

/** A button by its label or its action id. */
export function findElement(on: Clickable, button: string): { element: Json; block: Json } {
  const all = buttonsOf(on);
  const found = all.find(({ element }) => element.action_id === button || labelOf(element) === button);
  if (found !== undefined) return found;
  const labels = all.map(({ element }) => `"${labelOf(element)}"`).join(', ');
  throw new Error(`Expected a button "${button}", got ${labels || 'no buttons'}`);
}
