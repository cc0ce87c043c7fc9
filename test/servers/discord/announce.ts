import { GatewayIntentBits } from 'discord.js';
import { may } from './permissions.ts';
import type { Platform } from './platform.ts';
import { renderMember } from './render/guild.ts';
import { renderMessage } from './render/message.ts';
import type { Channel, Message, User } from './world.ts';

/** Tell the gateway of a message, if the bot can see where it stands. */
export function announceMessage(
  platform: Platform,
  type: 'MESSAGE_CREATE' | 'MESSAGE_UPDATE' | 'MESSAGE_DELETE',
  message: Message,
): void {
  const { channel } = message;
  if (message.onlyFor !== null || !botSees(platform, channel)) return;
  const place = {
    channel_id: channel.id,
    channel_type: channel.type,
    ...(channel.guildId === null ? {} : { guild_id: channel.guildId }),
  };
  const member =
    channel.guildId === null ? undefined : platform.world.guilds.get(channel.guildId)?.members.get(message.author.id);
  platform.gateway.dispatch({
    type,
    guildId: channel.guildId,
    intents: channel.guildId === null ? GatewayIntentBits.DirectMessages : GatewayIntentBits.GuildMessages,
    data: (intents) =>
      type === 'MESSAGE_DELETE'
        ? { id: message.id, channel_id: channel.id, ...(channel.guildId === null ? {} : { guild_id: channel.guildId }) }
        : {
            ...renderMessage(platform, message, { withContent: readsContent(platform, message, intents) }),
            ...place,
            ...(message.nonce === null ? {} : { nonce: message.nonce }),
            ...(member === undefined ? {} : { member: renderMember(member) }),
          },
  });
}

/** Without the intent MESSAGE_CONTENT an app reads its own messages, direct messages and what mentions it. */
export function readsContent(platform: Platform, message: Message, intents: number): boolean {
  const { bot } = platform.application;
  return (
    (intents & GatewayIntentBits.MessageContent) !== 0 ||
    message.author === bot ||
    message.channel.guildId === null ||
    message.mentions.users.includes(bot.id)
  );
}

/** Whether the bot is there and may look. */
export function botSees(platform: Platform, channel: Channel): boolean {
  const { bot } = platform.application;
  if (channel.guildId === null) return channel.recipients.includes(bot);
  const guild = platform.world.guilds.get(channel.guildId);
  return guild?.members.has(bot.id) === true && may(platform.world, channel, bot, 'ViewChannel');
}

/** Tell the gateway that someone reacted, or took a reaction back. */
export function announceReaction(
  platform: Platform,
  message: Message,
  emoji: string,
  user: User,
  added: boolean,
): void {
  const { channel } = message;
  if (!botSees(platform, channel)) return;
  platform.gateway.dispatch({
    type: added ? 'MESSAGE_REACTION_ADD' : 'MESSAGE_REACTION_REMOVE',
    guildId: channel.guildId,
    intents:
      channel.guildId === null ? GatewayIntentBits.DirectMessageReactions : GatewayIntentBits.GuildMessageReactions,
    data: () => ({
      user_id: user.id,
      channel_id: channel.id,
      message_id: message.id,
      ...(channel.guildId === null ? {} : { guild_id: channel.guildId }),
      emoji: { id: null, name: emoji },
      burst: false,
      type: 0,
    }),
  });
}
