import { channelOf } from './messages.ts';
import type { SlackMessage, World } from './world.ts';

const lifeMs = 120_000;

/** The status of a thread: gone after two minutes, with an empty one, and with the app's next message there. */
export function currentStatus(world: World, parent: SlackMessage): string | null {
  const status = world.statuses.findLast(
    ({ threadTs, channel }) => threadTs === parent.ts && channel === parent.channel,
  );
  if (status === undefined || status.status === '' || world.clock.now() - status.atMs > lifeMs) return null;
  const answered = channelOf(world, parent).messages.some(
    ({ threadTs, botId, ts }) => threadTs === parent.ts && botId !== null && Number(ts) * 1000 >= status.atMs,
  );
  return answered ? null : status.status;
}
