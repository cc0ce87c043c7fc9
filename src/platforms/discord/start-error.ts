import { ConfigError } from '../../errors.ts';
import type { DiscordConfig } from './discord-parts.ts';
import { toDeliveryError, troubleOf } from './errors.ts';

/** What an error at the start means for whoever runs the bot. */
export function startError(error: unknown, { DISCORD_GUILD_ID, DISCORD_API_URL }: DiscordConfig): Error {
  if (error instanceof ConfigError) return error;
  const trouble = troubleOf(error);
  if (trouble === 'token_refused') {
    return new ConfigError([
      'DISCORD_TOKEN: expected the token of a bot, got one that Discord does not know; reset it in the Developer Portal, page Bot.',
    ]);
  }
  if (trouble === 'no_access' && DISCORD_GUILD_ID !== null) {
    return new ConfigError([
      `DISCORD_GUILD_ID: expected a server that the bot was added to with the scope applications.commands, got ${DISCORD_GUILD_ID}.`,
    ]);
  }
  if (trouble === 'discord_away') {
    const reason = error instanceof Error ? error.message : String(error);
    return new ConfigError([`DISCORD_API_URL: expected Discord at ${DISCORD_API_URL}, got no answer (${reason}).`]);
  }
  return toDeliveryError(error);
}
