import { type APIApplication, Routes } from 'discord.js';
import { commands } from '../../../commands/index.ts';
import { createRest } from './client.ts';
import { renderDiscordCommands } from './commands-render.ts';
import type { DiscordConfig } from './discord-parts.ts';
import { type RegistrationDifference, registerCommands } from './registration.ts';
import { startError } from './start-error.ts';

/** Registers the commands as `npm run register` does: what differs is written, and said. Throws `ConfigError`. */
export async function registerDiscord(config: DiscordConfig): Promise<RegistrationDifference> {
  const rest = createRest(config);
  try {
    // What Discord documents for this address.
    const { id } = (await rest.get(Routes.currentApplication())) as APIApplication;
    return await registerCommands({
      rest,
      applicationId: id,
      guild: config.DISCORD_GUILD_ID,
      commands: renderDiscordCommands(commands),
    });
  } catch (error) {
    throw startError(error, config);
  }
}
