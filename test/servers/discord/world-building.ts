import { everydayPermissions } from './permissions.ts';
import type { Platform } from './platform.ts';
import { type Channel, channelTypes, type Guild, type Overwrite, type User } from './world.ts';

type Builder = Pick<Platform, 'world' | 'nextId' | 'clock'>;

export interface NewChannel {
  readonly id?: string;
  readonly type: number;
  readonly guildId: string | null;
  readonly name: string;
  readonly parentId?: string | null;
  readonly ageRestricted?: boolean;
  readonly overwrites?: Overwrite[];
  readonly recipients?: readonly User[];
  readonly ownerId?: string | null;
}

/** Add a channel of any kind. */
export function newChannel({ world, nextId }: Builder, options: NewChannel): Channel {
  const channel: Channel = {
    id: nextId(),
    parentId: null,
    ageRestricted: false,
    overwrites: [],
    recipients: [],
    ownerId: null,
    ...options,
    archived: false,
    locked: false,
    threadMembers: new Set(),
  };
  world.channels.set(channel.id, channel);
  return channel;
}

/** The direct messages between the bot and someone; opened when there are none. */
export function directChannel(
  platform: Pick<Platform, 'world' | 'nextId' | 'clock' | 'application'>,
  user: User,
): Channel {
  const { bot } = platform.application;
  const present = [...platform.world.channels.values()].find(
    (channel) =>
      channel.type === channelTypes.direct && channel.recipients.includes(user) && channel.recipients.includes(bot),
  );
  return (
    present ?? newChannel(platform, { type: channelTypes.direct, guildId: null, name: '', recipients: [user, bot] })
  );
}

export interface NewUser {
  readonly id?: string;
  readonly name: string;
  readonly locale?: string;
  readonly bot?: boolean;
}

/** Add an account. */
export function newUser({ world, nextId }: Builder, options: NewUser): User {
  const user: User = {
    id: options.id ?? nextId(),
    username: options.name.toLowerCase().replaceAll(/[^a-z0-9._]/g, '_'),
    displayName: options.name,
    locale: options.locale ?? 'en-US',
    bot: options.bot ?? false,
    refusesMessages: false,
    hasApp: false,
  };
  world.users.set(user.id, user);
  return user;
}

/** Add a server that belongs to someone. */
export function newGuild(
  builder: Builder,
  options: { readonly name: string; readonly locale?: string; readonly owner: User },
): Guild {
  const id = builder.nextId();
  const guild: Guild = {
    id,
    name: options.name,
    locale: options.locale ?? 'en-US',
    ownerId: options.owner.id,
    roles: new Map([[id, { id, name: '@everyone', permissions: everydayPermissions }]]),
    members: new Map(),
    boostTier: 0,
    hasCommands: false,
  };
  builder.world.guilds.set(id, guild);
  joinGuild(builder, guild, options.owner);
  return guild;
}

/** Make someone a member. */
export function joinGuild(
  { clock }: Pick<Builder, 'clock'>,
  guild: Guild,
  user: User,
  roles: readonly string[] = [],
): void {
  guild.members.set(user.id, { user, roles: [...roles], joinedAt: clock.now() });
}
