import { withIds } from './block-ids.ts';
import type { Json } from './refusal.ts';
import { storedText } from './texts.ts';
import type { SlackEphemeral, World } from './world.ts';

/** Show a note to one person. */
export function whisper(
  world: World,
  where: Pick<SlackEphemeral, 'channel' | 'user' | 'threadTs'>,
  { text, blocks }: { text: string; blocks: Json[] },
  from: SlackEphemeral['from'] = 'app',
): SlackEphemeral {
  const note: SlackEphemeral = {
    ...where,
    ts: world.nextTs(),
    text: storedText(text, true),
    blocks: withIds(world, blocks),
    deleted: false,
    from,
  };
  world.ephemerals.push(note);
  world.changed();
  return note;
}

/** Give a note other content. */
export function rewrite(world: World, note: SlackEphemeral, { text, blocks }: { text: string; blocks: Json[] }): void {
  note.text = storedText(text, true);
  note.blocks = withIds(world, blocks);
  world.changed();
}
