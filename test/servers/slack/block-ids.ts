import type { Json } from './refusal.ts';
import { storedBlocks } from './texts.ts';
import type { World } from './world.ts';

/** Blocks as the platform keeps them: texts escaped, and ids given to those that came without. */
export function withIds(world: World, blocks: readonly Json[]): Json[] {
  const named = (element: Json): Json =>
    element.type === 'image' || element.type === 'mrkdwn' || element.type === 'plain_text'
      ? element
      : { ...element, action_id: element.action_id ?? world.nextId('a') };
  return storedBlocks(blocks).map((block) => ({
    ...block,
    block_id: block.block_id ?? world.nextId('b'),
    ...(block.type === 'actions' ? { elements: (block.elements as Json[]).map(named) } : {}),
    ...(block.accessory === undefined ? {} : { accessory: named(block.accessory as Json) }),
    ...(block.element === undefined ? {} : { element: named(block.element as Json) }),
  }));
}
