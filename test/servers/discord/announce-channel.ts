import { GatewayIntentBits } from 'discord.js';
import { botSees } from './announce.ts';
import type { Platform } from './platform.ts';
import { renderChannel, renderWholeGuild } from './render/guild.ts';
import type { Channel, Guild } from './world.ts';

/** Tell the gateway of a channel or thread that is new, different or gone. */
export function announceChannel(
  platform: Platform,
  type: 'CHANNEL_CREATE' | 'CHANNEL_UPDATE' | 'CHANNEL_DELETE' | 'THREAD_CREATE' | 'THREAD_UPDATE' | 'THREAD_DELETE',
  channel: Channel,
): void {
  const guild = platform.world.guilds.get(channel.guildId ?? '');
  if (guild === undefined || !guild.members.has(platform.application.bot.id)) return;
  if (type.startsWith('THREAD') && !botSees(platform, channel)) return;
  platform.gateway.dispatch({
    type,
    guildId: channel.guildId,
    intents: GatewayIntentBits.Guilds,
    data: () => ({ ...renderChannel(channel), ...(type === 'THREAD_CREATE' ? { newly_created: true } : {}) }),
  });
  platform.changed();
}

/** Tell the gateway that the bot was added to a server or taken out of it. */
export function announceGuild(platform: Platform, type: 'GUILD_CREATE' | 'GUILD_DELETE', guild: Guild): void {
  const { world, application } = platform;
  platform.gateway.dispatch({
    type,
    guildId: guild.id,
    intents: GatewayIntentBits.Guilds,
    data: () =>
      type === 'GUILD_DELETE'
        ? { id: guild.id }
        : renderWholeGuild(world, guild, application.bot, (channel) => botSees(platform, channel)),
  });
  platform.changed();
}
