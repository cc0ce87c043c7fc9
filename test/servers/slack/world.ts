import { EventEmitter } from 'node:events';
import { type Clock, createClock } from './clock.ts';
import type { Json } from './refusal.ts';

export interface SlackTeam {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  readonly botToken: string;
  readonly botUser: string;
  readonly botId: string;
  /** What the bot's token may do. */
  scopes: Set<string>;
  /** False after the app was taken out of the workspace. */
  installed: boolean;
}

export interface SlackUser {
  readonly id: string;
  readonly team: string;
  readonly name: string;
  readonly realName: string;
  readonly locale: string;
  readonly isBot: boolean;
}

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

export interface SlackChannel {
  readonly id: string;
  readonly team: string;
  name: string;
  readonly kind: ChannelKind;
  readonly members: Set<string>;
  /** In the order in which they were posted, those in threads and the deleted ones too. */
  readonly messages: SlackMessage[];
  archived: boolean;
  deleted: boolean;
}

export interface MessageVersion {
  readonly text: string;
  readonly blocks: readonly Json[];
  /** Of the server's clock. */
  readonly atMs: number;
}

export interface SlackMessage {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  /** Set on what the app posted. */
  readonly botId: string | null;
  /** Of the parent, for what stands in a thread. */
  readonly threadTs: string | null;
  readonly subtype: string | null;
  readonly files: SlackFile[];
  text: string;
  blocks: Json[];
  attachments: Json[];
  metadata: Json | null;
  deleted: boolean;
  /** Whether people see "(edited)" beside it. */
  markedEdited: boolean;
  /** Everything it ever said, the newest last. */
  readonly versions: MessageVersion[];
}

export interface SlackFile {
  readonly id: string;
  readonly team: string;
  readonly user: string;
  readonly name: string;
  readonly length: number;
  readonly altText: string | null;
  readonly createdMs: number;
  title: string;
  bytes: Uint8Array | null;
  state: 'asked_for' | 'uploaded' | 'complete' | 'deleted';
  readonly shares: { readonly channel: string; readonly ts: string; readonly threadTs: string | null }[];
}

export interface SlackEphemeral {
  readonly ts: string;
  readonly channel: string;
  /** The only person who sees it. */
  readonly user: string;
  readonly threadTs: string | null;
  text: string;
  blocks: Json[];
  deleted: boolean;
  /** Whether its text came from us (`slackbot`) or from the app. */
  readonly from: 'app' | 'slackbot';
}

export interface SlackView {
  readonly id: string;
  readonly team: string;
  readonly user: string;
  readonly root: string;
  readonly previous: string | null;
  content: Json;
  hash: string;
  open: boolean;
  /** How often it was given new content. */
  updates: number;
}

/** Somebody who would have been notified. */
export interface SlackPing {
  readonly what: string;
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
}

export interface SlackStatus {
  readonly channel: string;
  readonly threadTs: string;
  readonly status: string;
  readonly loadingMessages: readonly string[];
  readonly atMs: number;
}

/** A call of the Web API, with what it was answered. */
export interface ApiCall {
  readonly method: string;
  readonly team: string | null;
  readonly arguments: Json;
  readonly atMs: number;
  /** `ok`, the error's name, or what the weather did to it. */
  answer: string;
}

/** Everything there is: teams, people, channels, files, views. Tests read it; only the server writes it. */
export interface World {
  readonly clock: Clock;
  readonly teams: Map<string, SlackTeam>;
  readonly users: Map<string, SlackUser>;
  readonly channels: Map<string, SlackChannel>;
  readonly files: Map<string, SlackFile>;
  readonly views: Map<string, SlackView>;
  /** Home tabs, by user. */
  readonly homes: Map<string, SlackView>;
  readonly ephemerals: SlackEphemeral[];
  readonly pings: SlackPing[];
  readonly statuses: SlackStatus[];
  readonly calls: ApiCall[];
  nextId(letter: string): string;
  nextTs(): string;
  /** Something is different: whoever waits looks again. */
  changed(): void;
  readonly changes: EventEmitter;
}

export function createWorld(): World {
  const clock = createClock();
  const changes = new EventEmitter().setMaxListeners(0);
  let ids = 0;
  let lastMicroseconds = 0;
  return {
    clock,
    teams: new Map(),
    users: new Map(),
    channels: new Map(),
    files: new Map(),
    views: new Map(),
    homes: new Map(),
    ephemerals: [],
    pings: [],
    statuses: [],
    calls: [],
    nextId(letter) {
      ids += 1;
      return `${letter}${ids.toString(36).toUpperCase().padStart(10, '0')}`;
    },
    nextTs() {
      lastMicroseconds = Math.max(clock.now() * 1000, lastMicroseconds + 1);
      const digits = String(lastMicroseconds);
      return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
    },
    changed: () => void changes.emit('change'),
    changes,
  };
}
