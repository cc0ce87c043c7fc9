import { PermissionFlagsBits, PermissionsBitField } from 'discord.js';
import { refusals } from './refusal.ts';
import { type Channel, type Guild, isThread, type User, type World } from './world.ts';

export type PermissionName = keyof typeof PermissionFlagsBits;

/** What everyone in a new server may do. */
export const everydayPermissions = PermissionsBitField.resolve([
  'ViewChannel',
  'SendMessages',
  'SendMessagesInThreads',
  'CreatePublicThreads',
  'EmbedLinks',
  'AttachFiles',
  'AddReactions',
  'ReadMessageHistory',
  'MentionEveryone',
  'UseApplicationCommands',
  'UseExternalApps',
  'ChangeNickname',
]);

const everything = PermissionsBitField.All;

/** What someone may do in a server, channels aside. */
export function guildPermissions(guild: Guild, user: User): bigint {
  const member = guild.members.get(user.id);
  if (member === undefined) return 0n;
  if (guild.ownerId === user.id) return everything;
  const roles = [guild.id, ...member.roles].map((id) => guild.roles.get(id)?.permissions ?? 0n);
  const held = roles.reduce((all, one) => all | one, 0n);
  return held & PermissionFlagsBits.Administrator ? everything : held;
}

/** What someone may do in a channel; threads have the permissions of the channel they hang under. */
export function channelPermissions(world: World, channel: Channel, user: User): bigint {
  if (channel.guildId === null) return channel.recipients.includes(user) || user.bot ? everything : 0n;
  const guild = world.guilds.get(channel.guildId);
  if (guild === undefined) return 0n;
  const base = guildPermissions(guild, user);
  if (base === everything || base === 0n) return base;
  const place = isThread(channel) ? (world.channels.get(channel.parentId ?? '') ?? channel) : channel;
  const roles = guild.members.get(user.id)?.roles ?? [];
  const rules = [
    place.overwrites.filter((rule) => rule.id === guild.id),
    place.overwrites.filter((rule) => rule.kind === 'role' && roles.includes(rule.id)),
    place.overwrites.filter((rule) => rule.kind === 'member' && rule.id === user.id),
  ];
  return rules.reduce((held, group) => {
    const deny = group.reduce((all, rule) => all | rule.deny, 0n);
    const allow = group.reduce((all, rule) => all | rule.allow, 0n);
    return (held & ~deny) | allow;
  }, base);
}

export function may(world: World, channel: Channel, user: User, permission: PermissionName): boolean {
  return (channelPermissions(world, channel, user) & PermissionFlagsBits[permission]) !== 0n;
}

/** Refuse what is not allowed: "Missing Access" where the channel cannot be seen, else "Missing Permissions". */
export function requirePermissions(
  world: World,
  channel: Channel,
  user: User,
  ...names: readonly PermissionName[]
): void {
  if (channel.guildId !== null && !may(world, channel, user, 'ViewChannel')) throw refusals.missingAccess();
  for (const name of names) {
    const needed = name === 'SendMessages' && isThread(channel) ? 'SendMessagesInThreads' : name;
    if (!may(world, channel, user, needed)) throw refusals.missingPermissions();
  }
}
