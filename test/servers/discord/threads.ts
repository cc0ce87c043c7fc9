import { announceChannel } from './announce-channel.ts';
import type { Platform } from './platform.ts';
import { type Channel, channelTypes, type Message, type User } from './world.ts';
import { newChannel } from './world-building.ts';

export interface NewThread {
  readonly parent: Channel;
  readonly name: string;
  readonly owner: User;
  /** The message that it hangs under: the thread has that message's id. */
  readonly from?: Message | undefined;
}

/** Open a thread, or a post in a forum. */
export function startThread(platform: Platform, { parent, name, owner, from }: NewThread): Channel {
  const thread = newChannel(platform, {
    ...(from === undefined ? {} : { id: from.id }),
    type: parent.type === channelTypes.announcement ? channelTypes.announcementThread : channelTypes.thread,
    guildId: parent.guildId,
    parentId: parent.id,
    name,
    ownerId: owner.id,
  });
  if (from !== undefined) from.threadId = thread.id;
  thread.threadMembers.add(owner.id);
  announceChannel(platform, 'THREAD_CREATE', thread);
  return thread;
}
