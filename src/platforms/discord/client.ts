import { Client, Events, GatewayCloseCodes, type GatewayIntentBits, Options, REST } from 'discord.js';
import type { Logger } from 'pino';
import { ConfigError } from '../../errors.ts';
import type { DiscordConfig } from './discord-parts.ts';
import { discordLimits } from './limits.ts';

const portal = 'https://discord.com/developers/applications';

/** Closings after which there is no use in coming back, each with what to do. */
const finalClosings: Readonly<Record<number, string>> = {
  [GatewayCloseCodes.AuthenticationFailed]: `DISCORD_TOKEN: Discord does not know this token (4004); reset it at ${portal}, page Bot, and copy the new one.`,
  [GatewayCloseCodes.InvalidShard]: 'Discord does not take the shard that was asked for (4010); start the bot again.',
  [GatewayCloseCodes.ShardingRequired]: 'Discord wants more shards for this bot (4011); start the bot again.',
  [GatewayCloseCodes.InvalidAPIVersion]:
    'Discord no longer speaks version 10 of its gateway (4012); a newer Quartet is needed.',
  [GatewayCloseCodes.InvalidIntents]:
    'Discord does not know one of the intents Guilds, Guild Messages and Direct Messages (4013); a newer Quartet is needed.',
  [GatewayCloseCodes.DisallowedIntents]: `Discord does not let this bot have the intent Message Content (4014); switch it on at ${portal}, page Bot, under Privileged Gateway Intents, or leave it off and start again.`,
};

/** The sentence for a closing that is final; null for one after which the connection comes back by itself. */
export function finalClosing(code: number): string | null {
  return finalClosings[code] ?? null;
}

/** Requests with the bot's token, which go on after the gateway is closed: endings are told until the very end. */
export function createRest({ DISCORD_TOKEN, DISCORD_API_URL }: DiscordConfig): REST {
  const rest = new REST({
    api: DISCORD_API_URL,
    version: '10',
    timeout: 30_000,
    rejectOnRateLimit: ({ retryAfter, timeToReset }) =>
      Math.max(retryAfter, timeToReset) > discordLimits.maxRateLimitWaitMs,
  });
  return rest.setToken(DISCORD_TOKEN);
}

/** The connection to the gateway, not opened yet. It remembers channels and nothing that people write. */
export function createClient({ DISCORD_API_URL }: DiscordConfig, intents: readonly GatewayIntentBits[]): Client {
  return new Client({
    intents: [...intents],
    shards: 'auto',
    allowedMentions: { parse: [] },
    rest: { api: DISCORD_API_URL, version: '10' },
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      UserManager: 100,
      GuildMemberManager: { maxSize: 10, keepOverLimit: (member) => member.id === member.client.user.id },
    }),
  });
}

/** Opens the connection; resolves when all shards are ready. Throws `ConfigError` where Discord refuses for good. */
export async function connect(client: Client, token: string): Promise<void> {
  const settled = Promise.withResolvers<void>();
  // Nobody waits for it yet when it is refused during `login`.
  settled.promise.catch(() => undefined);
  const onReady = () => settled.resolve();
  const onClosed = ({ code }: { readonly code: number }) => {
    settled.reject(new ConfigError([finalClosing(code) ?? `Discord closed the connection for good (${code}).`]));
  };
  client.once(Events.ClientReady, onReady);
  client.on(Events.ShardDisconnect, onClosed);
  try {
    await Promise.race([client.login(token).then(() => settled.promise), settled.promise]);
  } finally {
    client.off(Events.ClientReady, onReady);
    client.off(Events.ShardDisconnect, onClosed);
  }
}

/** Writes down what happens to the connection. */
export function watchConnection(client: Client, logger: Logger): void {
  client.on(Events.ShardDisconnect, ({ code }, shard) => {
    logger.fatal({ shard, code }, finalClosing(code) ?? 'Discord closed the connection for good');
  });
  client.on(Events.ShardReconnecting, (shard) => logger.info({ shard }, 'the connection to Discord dropped'));
  client.on(Events.ShardResume, (shard, replayed) => logger.info({ shard, replayed }, 'back on Discord'));
  client.on(Events.ShardError, (error, shard) =>
    logger.warn({ err: error, shard }, 'the connection to Discord failed'),
  );
  client.on(Events.Error, (error) => logger.error({ err: error }, 'discord.js reported an error'));
}
