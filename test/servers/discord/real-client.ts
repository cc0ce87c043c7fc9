import { Client, Events, GatewayIntentBits, Partials } from 'discord.js';
import type { DiscordServer } from './start.ts';

/** A real discord.js client that talks to our Discord. */
export function createClient(
  discord: DiscordServer,
  options: { readonly intents?: number; readonly shards?: number[] } = {},
) {
  const { Guilds, GuildMessages, DirectMessages, MessageContent, GuildMessageReactions } = GatewayIntentBits;
  return new Client({
    intents: options.intents ?? Guilds | GuildMessages | DirectMessages | MessageContent | GuildMessageReactions,
    rest: { api: discord.apiUrl, cdn: discord.cdnUrl, offset: 0, retries: 0 },
    // Direct messages are only told of to who can do with half a channel.
    partials: [Partials.Channel],
    ...(options.shards === undefined ? {} : { shards: options.shards, shardCount: options.shards.length }),
  });
}

/** Log in, and wait until every server is there. */
export async function logIn(client: Client, token: string): Promise<Client<true>> {
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(token);
  return ready;
}
