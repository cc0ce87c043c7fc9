import { Refusal } from './refusal.ts';
import type { ChannelKind, SlackChannel, SlackTeam, World } from './world.ts';

/** What the bot sees of a channel id; private ones that it is not in do not exist for it. */
export function findChannel(world: World, team: SlackTeam, id: string): SlackChannel {
  const channel = world.channels.get(id);
  const visible =
    channel !== undefined &&
    channel.team === team.id &&
    !channel.deleted &&
    (channel.kind === 'public' || channel.members.has(team.botUser));
  if (!visible) throw new Refusal('channel_not_found');
  return channel;
}

const scopePrefixes = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' } as const satisfies Record<
  ChannelKind,
  string
>;

/** `channels:history` and its siblings: which one is needed depends on the kind of channel. */
export function requireScopeFor(team: SlackTeam, channel: SlackChannel, verb: 'read' | 'history'): void {
  requireScope(team, [`${scopePrefixes[channel.kind]}:${verb}`]);
}

/** Any one of them is enough. */
export function requireScope(team: SlackTeam, scopes: readonly string[]): void {
  if (scopes.length === 0 || scopes.some((scope) => team.scopes.has(scope))) return;
  throw new Refusal('missing_scope', { needed: scopes[0], provided: [...team.scopes].join(',') });
}

/** The direct conversation of the bot and a person, made when there is none. */
export function openDirect(world: World, team: SlackTeam, user: string): SlackChannel {
  const known = [...world.channels.values()].find(
    ({ kind, members, team: home }) => kind === 'im' && home === team.id && members.has(user),
  );
  if (known !== undefined) return known;
  const channel: SlackChannel = {
    id: world.nextId('D'),
    team: team.id,
    name: 'directmessage',
    kind: 'im',
    members: new Set([team.botUser, user]),
    messages: [],
    archived: false,
    deleted: false,
  };
  world.channels.set(channel.id, channel);
  return channel;
}
