import { type PermissionResolvable, PermissionsBitField } from 'discord.js';
import { announceChannel, announceGuild } from './announce-channel.ts';
import { createPerson, type Person } from './people/person.ts';
import type { Platform } from './platform.ts';
import { type NewThread, startThread } from './threads.ts';
import { type Channel, channelTypes, type Guild, isThread, type Role, type User } from './world.ts';
import { directChannel, joinGuild, newChannel, newGuild, newUser } from './world-building.ts';

/** Making and changing servers, channels and people, as tests need it. */
export interface Places {
  /** Someone new: a member of the first server unless told otherwise. */
  addPerson(
    name: string,
    options?: { readonly locale?: string; readonly guilds?: readonly Guild[]; readonly hasApp?: boolean },
  ): Person;
  /** `withCommands`: added for its commands alone, without the bot as a member. */
  addGuild(options: {
    readonly name: string;
    readonly locale?: string;
    readonly withBot?: boolean;
    readonly withCommands?: boolean;
  }): Guild;
  /** Add the bot to a server later. */
  addBot(guild: Guild): void;
  addRole(guild: Guild, name: string, permissions?: PermissionResolvable, members?: readonly User[]): Role;
  addChannel(options: {
    readonly guild: Guild;
    readonly name: string;
    readonly kind?: 'text' | 'announcement' | 'forum' | 'voice';
    readonly ageRestricted?: boolean;
  }): Channel;
  addThread(options: NewThread): Channel;
  /** Direct messages between the bot and someone. */
  directMessages(person: Person): Channel;
  /** A private channel between people, without the bot. */
  addGroup(people: readonly Person[]): Channel;
  /** Take permissions away from someone in a channel. */
  deny(channel: Channel, user: User, permissions: PermissionResolvable): void;
  /** Give someone permissions in a channel, or in a whole server by a role of their own. */
  allow(place: Channel | Guild, user: User, permissions: PermissionResolvable): void;
  removeChannel(channel: Channel): void;
  /** Throw the bot out. */
  removeBot(guild: Guild): void;
}

/** The tools of whoever sets the scene. */
export function createPlaces(platform: Platform): Places {
  const { world, application } = platform;
  const { bot } = application;
  const overwrite = (channel: Channel, user: User) => {
    const present = channel.overwrites.find((rule) => rule.id === user.id);
    if (present !== undefined) return present;
    const rule = { id: user.id, kind: 'member' as const, allow: 0n, deny: 0n };
    channel.overwrites.push(rule);
    return rule;
  };
  const addBot = (guild: Guild) => {
    guild.hasCommands = true;
    joinGuild(platform, guild, bot);
    announceGuild(platform, 'GUILD_CREATE', guild);
  };
  const addRole: Places['addRole'] = (guild, name, permissions = [], members = []) => {
    const role: Role = { id: platform.nextId(), name, permissions: PermissionsBitField.resolve(permissions) };
    guild.roles.set(role.id, role);
    for (const user of members) guild.members.get(user.id)?.roles.push(role.id);
    return role;
  };

  return {
    addRole,
    addPerson(name, { locale, guilds = [...world.guilds.values()].slice(0, 1), hasApp = false } = {}) {
      const user = newUser(platform, { name, ...(locale === undefined ? {} : { locale }) });
      user.hasApp = hasApp;
      for (const guild of guilds) joinGuild(platform, guild, user);
      return createPerson(platform, user);
    },
    addBot,
    addGuild({ name, locale, withBot = true, withCommands = withBot }) {
      const owner = newUser(platform, { name: `Owner of ${name}` });
      const guild = newGuild(platform, { name, owner, ...(locale === undefined ? {} : { locale }) });
      guild.hasCommands = withCommands;
      if (withBot) addBot(guild);
      return guild;
    },
    addChannel({ guild, name, kind = 'text', ageRestricted = false }) {
      const channel = newChannel(platform, { type: channelTypes[kind], guildId: guild.id, name, ageRestricted });
      announceChannel(platform, 'CHANNEL_CREATE', channel);
      return channel;
    },
    addThread: (options) => startThread(platform, options),
    directMessages: (person) => directChannel(platform, person.user),
    addGroup: (people) =>
      newChannel(platform, {
        type: people.length > 2 ? channelTypes.group : channelTypes.direct,
        guildId: null,
        name: 'group',
        recipients: people.map((person) => person.user),
      }),
    deny(channel, user, permissions) {
      const rule = overwrite(channel, user);
      rule.deny |= PermissionsBitField.resolve(permissions);
      rule.allow &= ~rule.deny;
      announceChannel(platform, 'CHANNEL_UPDATE', channel);
    },
    allow(place, user, permissions) {
      if ('members' in place) {
        addRole(place, user.username, permissions, [user]);
        return;
      }
      const rule = overwrite(place, user);
      rule.allow |= PermissionsBitField.resolve(permissions);
      rule.deny &= ~rule.allow;
      announceChannel(platform, 'CHANNEL_UPDATE', place);
    },
    removeChannel(channel) {
      world.channels.delete(channel.id);
      for (const message of world.messages.values()) if (message.channel === channel) message.deleted = true;
      announceChannel(platform, isThread(channel) ? 'THREAD_DELETE' : 'CHANNEL_DELETE', channel);
    },
    removeBot(guild) {
      announceGuild(platform, 'GUILD_DELETE', guild);
      guild.members.delete(bot.id);
      guild.hasCommands = false;
      platform.changed();
    },
  };
}
