import { botSees, readsContent } from '../announce.ts';
import type { Platform } from '../platform.ts';
import { refusals } from '../refusal.ts';
import { renderMessage } from '../render/message.ts';
import type { Call } from '../routing.ts';
import type { Channel, Message } from '../world.ts';

const mebibyte = 1_048_576;

/** The channel of a request, if the bot may look into it. */
export function channelOf(call: Call): Channel {
  const channel = call.platform.world.channels.get(call.param('channel'));
  if (channel === undefined) throw refusals.unknownChannel();
  if (!botSees(call.platform, channel)) throw refusals.missingAccess();
  return channel;
}

/** Largest file in this channel: boosts of its server raise it. */
export function fileLimit(platform: Platform, channel: Channel): number {
  const tier = platform.world.guilds.get(channel.guildId ?? '')?.boostTier ?? 0;
  return tier === 3 ? 100 * mebibyte : tier === 2 ? 50 * mebibyte : platform.limits.fileBytes;
}

/** A message as far as the app may read it. */
export function readable(platform: Platform, message: Message) {
  const withContent = readsContent(platform, message, platform.application.privilegedIntents);
  return renderMessage(platform, message, { withContent });
}
