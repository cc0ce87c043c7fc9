import type { Json } from './refusal.ts';
import type { World } from './world.ts';

/** Blocks and interactive elements without ids are given some, as the platform gives them. */
export function withIds(world: World, blocks: readonly Json[]): Json[] {
  const named = (element: Json): Json =>
    element.type === 'image' || element.type === 'mrkdwn' || element.type === 'plain_text'
      ? element
      : { ...element, action_id: element.action_id ?? world.nextId('a') };
  return blocks.map((block) => ({
    ...block,
    block_id: block.block_id ?? world.nextId('b'),
    ...(block.type === 'actions' ? { elements: (block.elements as Json[]).map(named) } : {}),
    ...(block.accessory === undefined ? {} : { accessory: named(block.accessory as Json) }),
    ...(block.element === undefined ? {} : { element: named(block.element as Json) }),
  }));
}
