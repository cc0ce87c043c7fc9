import { PermissionFlagsBits } from 'discord.js';
import type { Command } from '../command-book.ts';
import { channelPermissions } from '../permissions.ts';
import type { Platform } from '../platform.ts';
import { type Channel, channelTypes, isThread, type User } from '../world.ts';

/** 0 in a server, 1 in direct messages with the bot, 2 in other private channels. */
export function contextOf(platform: Platform, channel: Channel): 0 | 1 | 2 {
  if (channel.guildId !== null) return 0;
  return channel.type === channelTypes.direct && channel.recipients.includes(platform.application.bot) ? 1 : 2;
}

/** Through whom the app is there: `0` the server that added it, `1` the person who did. */
export function installationOwners(platform: Platform, channel: Channel, user: User): Record<string, string> {
  const guild = platform.world.guilds.get(channel.guildId ?? '');
  return {
    ...(guild?.hasCommands ? { 0: guild.id } : contextOf(platform, channel) === 1 ? { 0: '0' } : {}),
    ...(user.hasApp ? { 1: user.id } : {}),
  };
}

/** Commands that this person is offered in this channel. */
export function offeredCommands(platform: Platform, channel: Channel, user: User): Command[] {
  const context = contextOf(platform, channel);
  const owners = installationOwners(platform, channel, user);
  const own = channel.guildId !== null && '0' in owners ? platform.commands.list(channel.guildId) : [];
  const everywhere = platform.commands.list(null).filter((command) => {
    const installs = command.integration_types ?? [0];
    return (command.contexts?.includes(context) ?? true) && installs.some((kind) => String(kind) in owners);
  });
  return [...own, ...everywhere].filter((command) => mayUse(platform, command, channel, user));
}

function mayUse(platform: Platform, command: Command, channel: Channel, user: User): boolean {
  if (command.nsfw && !isAgeRestricted(platform, channel)) return false;
  if (channel.guildId === null) return true;
  const held = channelPermissions(platform.world, channel, user);
  const needed = BigInt(command.default_member_permissions ?? 0) | PermissionFlagsBits.UseApplicationCommands;
  return command.default_member_permissions === '0'
    ? (held & PermissionFlagsBits.Administrator) !== 0n
    : (held & needed) === needed;
}

/** Threads are as their parent; direct messages are never closed to adults' commands. */
export function isAgeRestricted(platform: Platform, channel: Channel): boolean {
  if (channel.guildId === null) return true;
  const place = isThread(channel) ? platform.world.channels.get(channel.parentId ?? '') : channel;
  return place?.ageRestricted ?? false;
}

/** The command that somebody means, or what is offered instead. */
export function findCommand(platform: Platform, channel: Channel, user: User, type: 1 | 2 | 3, name: string): Command {
  const offered = offeredCommands(platform, channel, user).filter((command) => command.type === type);
  const command = offered.find((candidate) => candidate.name === name);
  if (command === undefined)
    throw new Error(
      `Expected the command "${name}" on offer to ${user.displayName}; on offer: ${offered.map((one) => one.name).join(', ') || 'nothing'}.`,
    );
  return command;
}
