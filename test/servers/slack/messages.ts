import { withIds } from './block-ids.ts';
import { toFileJson } from './file-json.ts';
import { recordPings } from './pings.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import { storedText } from './texts.ts';
import type { ChannelKind, SlackChannel, SlackFile, SlackMessage, SlackTeam, World } from './world.ts';

export interface MessageDraft {
  readonly user: string;
  readonly text: string;
  readonly botId?: string;
  readonly blocks?: Json[];
  readonly attachments?: Json[];
  readonly files?: SlackFile[];
  readonly threadTs?: string | null;
  readonly metadata?: Json | null;
  readonly subtype?: string;
  /** Told the message's ts before anybody is told of the message. */
  readonly onBirth?: (ts: string) => void;
}

const subscriptions = {
  public: 'message.channels',
  private: 'message.groups',
  im: 'message.im',
  mpim: 'message.mpim',
} as const satisfies Record<ChannelKind, string>;

export const channelTypes = { public: 'channel', private: 'group', im: 'im', mpim: 'mpim' } as const;

/** Put a message into a channel, note whom it pings, and tell the app of it. */
export function post(platform: Platform, team: SlackTeam, channel: SlackChannel, draft: MessageDraft): SlackMessage {
  const { world } = platform;
  const message: SlackMessage = {
    ts: world.nextTs(),
    channel: channel.id,
    user: draft.user,
    botId: draft.botId ?? null,
    threadTs: draft.threadTs ?? null,
    subtype: draft.subtype ?? null,
    files: draft.files ?? [],
    text: storedText(draft.text, true),
    blocks: withIds(world, draft.blocks ?? []),
    attachments: draft.attachments ?? [],
    metadata: draft.metadata ?? null,
    deleted: false,
    markedEdited: false,
    versions: [],
  };
  keepVersion(world, message);
  channel.messages.push(message);
  draft.onBirth?.(message.ts);
  if (draft.botId !== undefined) recordPings(world, message);
  world.changed();
  tellOf(platform, team, channel, { ...toMessageJson(platform, message), event_ts: message.ts });
  return message;
}

/** Give a message other content. */
export function edit(
  platform: Platform,
  team: SlackTeam,
  message: SlackMessage,
  content: Partial<Pick<SlackMessage, 'text' | 'blocks' | 'attachments' | 'metadata'>>,
): void {
  const { world } = platform;
  const previous = toMessageJson(platform, message);
  Object.assign(message, content);
  message.text = storedText(message.text, true);
  message.blocks = withIds(world, message.blocks);
  // With blocks an edit leaves no mark; plain text shows "(edited)".
  if (message.blocks.length === 0) message.markedEdited = true;
  keepVersion(world, message);
  recordPings(world, message);
  world.changed();
  tellOf(platform, team, channelOf(world, message), {
    type: 'message',
    subtype: 'message_changed',
    hidden: true,
    message: toMessageJson(platform, message),
    previous_message: previous,
    ts: world.nextTs(),
  });
}

export function remove(platform: Platform, team: SlackTeam, message: SlackMessage): void {
  message.deleted = true;
  platform.world.changed();
  tellOf(platform, team, channelOf(platform.world, message), {
    type: 'message',
    subtype: 'message_deleted',
    hidden: true,
    deleted_ts: message.ts,
    previous_message: toMessageJson(platform, message),
    ts: platform.world.nextTs(),
  });
}

export function channelOf(world: World, message: SlackMessage): SlackChannel {
  return world.channels.get(message.channel) as SlackChannel;
}

/** A message that is still there. */
export function findMessage(channel: SlackChannel, ts: string): SlackMessage | null {
  return channel.messages.find((message) => message.ts === ts && !message.deleted) ?? null;
}

/** A message as the Web API and events show it. */
export function toMessageJson(platform: Platform, message: SlackMessage): Json {
  const { world } = platform;
  const channel = channelOf(world, message);
  const replies = channel.messages.filter(({ threadTs, deleted }) => threadTs === message.ts && !deleted);
  const threadTs = message.threadTs ?? (replies.length > 0 ? message.ts : undefined);
  const parent = channel.messages.find(({ ts }) => ts === message.threadTs);
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    team: channel.team,
    ...(message.botId === null ? { client_msg_id: `message-${message.ts}` } : { bot_id: message.botId }),
    ...(message.botId === null ? {} : { app_id: platform.app.id, bot_profile: { id: message.botId, name: 'quartet' } }),
    ...(message.subtype === null ? {} : { subtype: message.subtype }),
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }),
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments }),
    ...(message.files.length === 0
      ? {}
      : { files: message.files.map((file) => toFileJson(platform, file)), upload: true }),
    ...(message.markedEdited ? { edited: { user: message.user, ts: `${Math.floor(Number(message.ts))}.000000` } } : {}),
    ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    ...(parent === undefined ? {} : { parent_user_id: parent.user }),
    ...(replies.length === 0 ? {} : { reply_count: replies.length, latest_reply: replies.at(-1)?.ts }),
  };
}

function tellOf(platform: Platform, team: SlackTeam, channel: SlackChannel, event: Json): void {
  if (!channel.members.has(team.botUser)) return;
  platform.emitEvent(team, subscriptions[channel.kind], {
    ...event,
    channel: channel.id,
    channel_type: channelTypes[channel.kind],
    event_ts: event.event_ts ?? event.ts,
  });
}

function keepVersion(world: World, { versions, text, blocks }: SlackMessage): void {
  (versions as SlackMessage['versions'][number][]).push({ text, blocks, atMs: world.clock.now() });
}
