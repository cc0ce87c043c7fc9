import type { Component } from './forms/component-form.ts';
import type { AllowedMentions, Embed } from './forms/message-form.ts';

/** Someone with an account: a person, or the bot itself. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly locale: string;
  readonly bot: boolean;
  /** Closed to direct messages of the bot. */
  refusesMessages: boolean;
  /** Has the app installed for themselves. */
  hasApp: boolean;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  permissions: bigint;
}

export interface Member {
  readonly user: User;
  readonly roles: string[];
  readonly joinedAt: number;
}

export interface Guild {
  readonly id: string;
  readonly name: string;
  readonly locale: string;
  readonly ownerId: string;
  readonly roles: Map<string, Role>;
  readonly members: Map<string, Member>;
  /** 0-3: decides how large files may be. */
  boostTier: number;
  /** Whether the app was added with the scope `applications.commands`. */
  hasCommands: boolean;
}

export const channelTypes = {
  text: 0,
  direct: 1,
  voice: 2,
  group: 3,
  category: 4,
  announcement: 5,
  announcementThread: 10,
  thread: 11,
  privateThread: 12,
  forum: 15,
  media: 16,
} as const;

export interface Overwrite {
  readonly id: string;
  readonly kind: 'role' | 'member';
  allow: bigint;
  deny: bigint;
}

export interface Channel {
  readonly id: string;
  readonly type: number;
  readonly guildId: string | null;
  name: string;
  ageRestricted: boolean;
  readonly parentId: string | null;
  readonly overwrites: Overwrite[];
  /** Of direct messages and groups. */
  readonly recipients: readonly User[];
  readonly ownerId: string | null;
  /** Of threads. */
  archived: boolean;
  locked: boolean;
  readonly threadMembers: Set<string>;
}

export interface Attachment {
  readonly id: string;
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly width: number | null;
  readonly height: number | null;
  readonly description: string | null;
  readonly spoiler: boolean;
  /** Where the CDN keeps it; links are signed when they are handed out. */
  readonly path: string;
}

/** A message as it stood after one request. */
export interface MessageVersion {
  readonly at: number;
  readonly content: string;
  readonly embeds: readonly Embed[];
  readonly components: readonly Component[];
  readonly attachments: readonly Attachment[];
  readonly flags: number;
}

export interface Message extends MessageVersion {
  readonly id: string;
  readonly channel: Channel;
  readonly author: User;
  readonly type: number;
  content: string;
  embeds: readonly Embed[];
  components: readonly Component[];
  attachments: readonly Attachment[];
  flags: number;
  editedAt: number | null;
  deleted: boolean;
  readonly nonce: string | null;
  readonly replyTo: { readonly channelId: string; readonly messageId: string } | null;
  /** The interaction that it answers. */
  readonly interaction: {
    readonly id: string;
    readonly type: number;
    readonly user: User;
    readonly command: string | null;
  } | null;
  /** The one person who sees it; null = everyone in the channel. */
  readonly onlyFor: User | null;
  /** Each state that it had, the first one first. */
  readonly versions: MessageVersion[];
  /** Whom its newest version rings, or would ring: most edits make no sound. */
  mentions: Mentions;
  allowedMentions: AllowedMentions | null;
  readonly reactions: { emoji: string; userId: string }[];
  /** The thread that was started from it. */
  threadId: string | null;
}

/** Whom a message rings. */
export interface Mentions {
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly everyone: boolean;
}

/** Everything that there is: what tests look at. */
export interface World {
  readonly users: Map<string, User>;
  readonly guilds: Map<string, Guild>;
  readonly channels: Map<string, Channel>;
  readonly messages: Map<string, Message>;
}

export function isThread(channel: Channel): boolean {
  return channel.type >= 10 && channel.type <= 12;
}

/** Messages of a channel that are still there and that this person sees, oldest first. */
export function messagesIn(world: World, channel: Channel, viewer: User | null = null): Message[] {
  return [...world.messages.values()].filter(
    (message) =>
      message.channel === channel && !message.deleted && (message.onlyFor === null || message.onlyFor === viewer),
  );
}
