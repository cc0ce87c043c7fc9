import { findChannel, openDirect } from '../access.ts';
import { checkBlocks } from '../block-kit.ts';
import { whisper } from '../ephemerals.ts';
import { edit, findMessage, post, remove, toMessageJson } from '../messages.ts';
import { type Json, Refusal } from '../refusal.ts';
import type { SlackChannel, SlackMessage } from '../world.ts';
import { readMetadata } from './metadata.ts';
import type { Method, MethodCall } from './method.ts';

const longestPost = 40_000;
const longestUpdate = 4_000;

/** chat.postMessage, chat.update, chat.delete, chat.postEphemeral, chat.getPermalink */
export const chatMethods = {
  'chat.postMessage': {
    tier: 'post',
    scopes: ['chat:write'],
    run(call) {
      const { platform, team, args } = call;
      const channel = destination(call);
      if (channel.archived) throw new Refusal('is_archived');
      if (!channel.members.has(team.botUser) && !team.scopes.has('chat:write.public')) {
        throw new Refusal('not_in_channel');
      }
      const content = readContent(call, channel);
      const message = post(platform, team, channel, {
        user: team.botUser,
        botId: team.botId,
        ...content,
        threadTs: threadOf(call, channel),
        metadata: readMetadata(args) ?? null,
      });
      return { channel: channel.id, ts: message.ts, message: withMetadata(call, message) };
    },
  },

  'chat.update': {
    tier: 'tier3',
    scopes: ['chat:write'],
    run(call) {
      const { platform, team, args } = call;
      const channel = findChannel(platform.world, team, args.required('channel'));
      const message = ownMessage(call, channel, 'cant_update_message');
      if (channel.archived) throw new Refusal('is_inactive');
      const text = args.text('text');
      if (text !== null && text.length > longestUpdate) throw new Refusal('msg_too_long');
      const blocks = args.has('blocks') ? checkBlocks(call, channel, 'invalid_blocks') : undefined;
      if (text === null && blocks === undefined && !args.has('attachments')) throw new Refusal('no_text');
      const metadata = readMetadata(args);
      edit(platform, team, message, {
        ...(text === null ? {} : { text }),
        ...(blocks === undefined ? {} : { blocks }),
        ...(metadata === undefined ? {} : { metadata }),
      });
      return { channel: channel.id, ts: message.ts, text: message.text, message: withMetadata(call, message) };
    },
  },

  'chat.delete': {
    tier: 'tier3',
    scopes: ['chat:write'],
    run(call) {
      const channel = findChannel(call.platform.world, call.team, call.args.required('channel'));
      const message = ownMessage(call, channel, 'cant_delete_message');
      remove(call.platform, call.team, message);
      return { channel: channel.id, ts: message.ts };
    },
  },

  'chat.postEphemeral': {
    tier: 'tier4',
    scopes: ['chat:write'],
    run(call) {
      const { platform, team, args } = call;
      const { world } = platform;
      const channel = findChannel(world, team, args.required('channel'));
      const user = args.required('user');
      if (channel.archived) throw new Refusal('is_archived');
      if (!channel.members.has(team.botUser)) throw new Refusal('not_in_channel');
      if (!channel.members.has(user)) throw new Refusal('user_not_in_channel');
      const where = { channel: channel.id, user, threadTs: threadOf(call, channel) };
      const { ts } = whisper(world, where, readContent(call, channel));
      return { message_ts: ts };
    },
  },

  'chat.getPermalink': {
    tier: 'special',
    scopes: [],
    run({ platform, team, args }) {
      const channel = findChannel(platform.world, team, args.required('channel'));
      const message = findMessage(channel, args.required('message_ts'));
      if (message === null) throw new Refusal('message_not_found');
      const thread = message.threadTs === null ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
      return {
        channel: channel.id,
        permalink: `${platform.baseUrl}/archives/${channel.id}/p${message.ts.replace('.', '')}${thread}`,
      };
    },
  },
} as const satisfies Record<string, Method>;

/** A channel, or a person, whose direct conversation with the bot it then is. */
function destination({ platform, team, args }: MethodCall): SlackChannel {
  const id = args.required('channel');
  if (platform.world.users.get(id)?.team === team.id) return openDirect(platform.world, team, id);
  return findChannel(platform.world, team, id);
}

function readContent(call: MethodCall, channel: SlackChannel): { text: string; blocks: Json[] } {
  const { args, warnings } = call;
  const blocks = checkBlocks(call, channel, 'invalid_blocks') ?? [];
  const text = args.text('text') ?? args.text('markdown_text') ?? '';
  if (text === '' && blocks.length === 0 && !args.has('attachments')) throw new Refusal('no_text');
  if (text.length > longestPost) warnings.push('message_truncated');
  if (text === '') warnings.push('missing_text_in_message');
  return { text: text.slice(0, longestPost), blocks };
}

function threadOf({ args }: MethodCall, channel: SlackChannel): string | null {
  const ts = args.text('thread_ts');
  if (ts === null) return null;
  if (!/^\d+\.\d{6}$/.test(ts)) throw new Refusal('invalid_thread_ts');
  const parent = channel.messages.find((message) => message.ts === ts);
  const answered = channel.messages.some(({ threadTs, deleted }) => threadTs === ts && !deleted);
  // A parent that is gone is no error: the message silently lands in the channel, and only its missing `thread_ts` tells.
  if (parent === undefined || (parent.deleted && !answered)) return null;
  if (parent.subtype?.startsWith('channel_') === true) throw new Refusal('cannot_reply_to_message');
  // A reply's own ts is taken for its parent's.
  return parent.threadTs ?? ts;
}

function ownMessage({ team, args }: MethodCall, channel: SlackChannel, refusal: string): SlackMessage {
  const message = findMessage(channel, args.required('ts'));
  if (message === null) throw new Refusal('message_not_found');
  if (message.user !== team.botUser) throw new Refusal(refusal);
  return message;
}

function withMetadata({ platform }: MethodCall, message: SlackMessage): Json {
  return { ...toMessageJson(platform, message), ...(message.metadata === null ? {} : { metadata: message.metadata }) };
}
