import { PermissionFlagsBits } from 'discord.js';
import { type Interaction, type NewInteraction, openInteraction } from '../interaction.ts';
import { channelPermissions } from '../permissions.ts';
import type { Platform } from '../platform.ts';
import { renderChannel, renderMember, renderUser } from '../render/guild.ts';
import { renderMessage } from '../render/message.ts';
import { contextOf, installationOwners, isAgeRestricted } from './find-command.ts';

/** What an app may do where only its user has it installed. */
const outsidePermissions =
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.MentionEveryone |
  PermissionFlagsBits.UseExternalEmojis;

/** Begin an interaction and tell the bot of it. */
export function sendInteraction(platform: Platform, options: NewInteraction): Interaction {
  const interaction = openInteraction(platform, options);
  const { channel, user, source } = interaction;
  const { world, application } = platform;
  const guild = world.guilds.get(channel.guildId ?? '');
  const member = guild?.members.get(user.id);
  const permissions = String(channelPermissions(world, channel, user));
  const inside = guild === undefined || guild.members.has(application.bot.id);
  platform.gateway.dispatch({
    type: 'INTERACTION_CREATE',
    guildId: channel.guildId,
    intents: 0,
    data: () => ({
      version: 1,
      id: interaction.id,
      application_id: application.id,
      type: interaction.type,
      token: interaction.token,
      data: interaction.data,
      channel_id: channel.id,
      channel: {
        ...renderChannel(channel),
        permissions,
        ...(guild === undefined ? {} : { nsfw: isAgeRestricted(platform, channel) }),
      },
      ...(guild === undefined || member === undefined
        ? { user: renderUser(user) }
        : {
            guild_id: guild.id,
            guild: { id: guild.id, locale: guild.locale, features: [] },
            guild_locale: guild.locale,
            member: { ...renderMember(member), user: renderUser(user), permissions },
          }),
      ...(source === null ? {} : { message: renderMessage(platform, source) }),
      app_permissions: String(inside ? channelPermissions(world, channel, application.bot) : outsidePermissions),
      locale: interaction.locale,
      entitlements: [],
      authorizing_integration_owners: installationOwners(platform, channel, user),
      context: contextOf(platform, channel),
      attachment_size_limit: interaction.attachmentBytes,
    }),
  });
  return interaction;
}
