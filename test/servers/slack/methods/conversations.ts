import { findChannel, openDirect, requireScopeFor } from '../access.ts';
import { toMessageJson } from '../messages.ts';
import { type Json, Refusal } from '../refusal.ts';
import type { SlackChannel, SlackMessage, SlackTeam } from '../world.ts';
import type { Method, MethodCall } from './method.ts';

const readScopes = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const historyScopes = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];

/** conversations.info, list, join, open, members, history, replies */
export const conversationMethods = {
  'conversations.info': {
    tier: 'tier3',
    scopes: readScopes,
    run(call) {
      const channel = readable(call, 'read');
      return { channel: toChannelJson(call.team, channel, call.args.flag('include_num_members')) };
    },
  },

  'conversations.list': {
    tier: 'tier2',
    scopes: readScopes,
    run({ platform, team, args }) {
      const names = { public_channel: 'public', private_channel: 'private', im: 'im', mpim: 'mpim' } as const;
      const kinds = (args.text('types') ?? 'public_channel').split(',').map((type) => names[type.trim() as 'im']);
      const all = [...platform.world.channels.values()].filter(
        (channel) =>
          channel.team === team.id &&
          !channel.deleted &&
          kinds.includes(channel.kind as 'im') &&
          (channel.kind === 'public' || channel.members.has(team.botUser)) &&
          !(args.flag('exclude_archived') && channel.archived),
      );
      for (const channel of all) requireScopeFor(team, channel, 'read');
      return paged(all, args.integer('limit') ?? 100, args.text('cursor'), 'channels', (channel) =>
        toChannelJson(team, channel, true),
      );
    },
  },

  'conversations.join': {
    tier: 'tier3',
    scopes: ['channels:join'],
    run({ platform, team, args, warnings }) {
      const channel = findChannel(platform.world, team, args.required('channel'));
      if (channel.kind !== 'public') throw new Refusal('method_not_supported_for_channel_type');
      if (channel.archived) throw new Refusal('is_archived');
      if (channel.members.has(team.botUser)) warnings.push('already_in_channel');
      channel.members.add(team.botUser);
      return { channel: toChannelJson(team, channel, false) };
    },
  },

  'conversations.open': {
    tier: 'tier3',
    scopes: ['im:write', 'mpim:write'],
    run({ platform, team, args }) {
      const users = args.required('users').split(',');
      if (users.length !== 1) throw new Refusal('method_not_supported_for_channel_type');
      const user = platform.world.users.get(users[0] as string);
      if (user?.team !== team.id || user.isBot) throw new Refusal('user_not_found');
      const channel = openDirect(platform.world, team, user.id);
      return { channel: args.flag('return_im') ? toChannelJson(team, channel, false) : { id: channel.id } };
    },
  },

  'conversations.members': {
    tier: 'tier4',
    scopes: readScopes,
    run(call) {
      const { args } = call;
      const channel = readable(call, 'read');
      return paged([...channel.members], args.integer('limit') ?? 100, args.text('cursor'), 'members', (id) => id);
    },
  },

  'conversations.history': {
    tier: 'tier3',
    scopes: historyScopes,
    run(call) {
      const { args } = call;
      const channel = entered(call);
      const found = channel.messages.filter(
        (message) => !message.deleted && message.threadTs === null && inRange(call, message),
      );
      // Newest first.
      return pageOfMessages(call, found.reverse(), args.integer('limit') ?? 100);
    },
  },

  'conversations.replies': {
    tier: 'tier3',
    scopes: historyScopes,
    run(call) {
      const { args } = call;
      const channel = entered(call);
      const ts = args.required('ts');
      const asked = channel.messages.find((message) => message.ts === ts && !message.deleted);
      if (asked === undefined) throw new Refusal('thread_not_found');
      const parent = asked.threadTs ?? ts;
      const replies = channel.messages.filter(
        (message) => message.threadTs === parent && !message.deleted && inRange(call, message),
      );
      const first = channel.messages.filter((message) => message.ts === parent && !message.deleted);
      return pageOfMessages(call, [...first, ...replies], args.integer('limit') ?? 1000);
    },
  },
} as const satisfies Record<string, Method>;

function readable({ platform, team, args }: MethodCall, verb: 'read' | 'history'): SlackChannel {
  const channel = findChannel(platform.world, team, args.required('channel'));
  requireScopeFor(team, channel, verb);
  return channel;
}

/** History is for members. */
function entered(call: MethodCall): SlackChannel {
  const channel = readable(call, 'history');
  if (!channel.members.has(call.team.botUser)) throw new Refusal('not_in_channel');
  return channel;
}

function inRange({ args }: MethodCall, { ts }: SlackMessage): boolean {
  const oldest = args.text('oldest') ?? '0';
  const latest = args.text('latest') ?? '9999999999.999999';
  const inclusive = args.flag('inclusive');
  return (ts > oldest && ts < latest) || (inclusive && (ts === oldest || ts === latest));
}

function pageOfMessages({ platform, args }: MethodCall, messages: readonly SlackMessage[], limit: number): Json {
  const all = args.flag('include_all_metadata');
  return paged(messages, Math.min(limit, 1000), args.text('cursor'), 'messages', (message) => {
    const metadata =
      message.metadata === null
        ? {}
        : { metadata: all ? message.metadata : { event_type: message.metadata.event_type } };
    return { ...toMessageJson(platform, message), ...metadata };
  });
}

function paged<T>(
  all: readonly T[],
  limit: number,
  cursor: string | null,
  name: string,
  show: (item: T) => unknown,
): Json {
  const start = cursor === null ? 0 : Number(Buffer.from(cursor, 'base64').toString());
  if (Number.isNaN(start)) throw new Refusal('invalid_cursor');
  const end = start + Math.max(1, limit);
  const more = end < all.length;
  return {
    [name]: all.slice(start, end).map(show),
    ...(name === 'messages' ? { has_more: more } : {}),
    response_metadata: { next_cursor: more ? Buffer.from(String(end)).toString('base64') : '' },
  };
}

function toChannelJson(team: SlackTeam, channel: SlackChannel, countMembers: boolean): Json {
  const { kind } = channel;
  const person = [...channel.members].find((member) => member !== team.botUser);
  return {
    id: channel.id,
    ...(kind === 'im' ? { user: person } : { name: channel.name, name_normalized: channel.name }),
    is_channel: kind === 'public',
    is_group: kind === 'private',
    is_im: kind === 'im',
    is_mpim: kind === 'mpim',
    is_private: kind !== 'public',
    is_archived: channel.archived,
    is_general: false,
    is_member: channel.members.has(team.botUser),
    context_team_id: team.id,
    ...(countMembers ? { num_members: channel.members.size } : {}),
  };
}
