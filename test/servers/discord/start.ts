import { GatewayIntentBits, type PermissionResolvable } from 'discord.js';
import { createApiServer, listen, type SeenRequest } from './api-server.ts';
import { type Cdn, startCdn } from './cdn.ts';
import { createServerClock, type ServerClock } from './clock.ts';
import { type CommandBook, createCommandBook } from './command-book.ts';
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { createNonces } from './nonces.ts';
import { createPlaces, type Places } from './places.ts';
import type { Platform } from './platform.ts';
import type { BucketName, RateLimit } from './rate-limits.ts';
import { createSnowflakes } from './snowflake.ts';
import { waitFor } from './waiting.ts';
import { type Channel, type Guild, type Message, messagesIn, type User, type World } from './world.ts';
import { newUser } from './world-building.ts';

const mebibyte = 1_048_576;
const developerPortalDefault = GatewayIntentBits.MessageContent | GatewayIntentBits.GuildMembers;

export interface DiscordServerOptions {
  /** Other rate limits than the usual ones. */
  readonly rateLimits?: Partial<Record<BucketName, RateLimit>>;
  /** Privileged intents that are switched on. @default MESSAGE_CONTENT and GUILD_MEMBERS */
  readonly privilegedIntents?: number;
  readonly gateway?: Partial<GatewayOptions>;
  readonly limits?: Partial<Platform['limits']>;
  /** What the bot may do in the first server beyond what everyone may. */
  readonly botPermissions?: PermissionResolvable;
}

/** A Discord of our own, with one server in which the bot is, and one channel in it. */
export interface DiscordServer extends Places {
  /** For `new Client({ rest: { api } })`. */
  readonly apiUrl: string;
  readonly cdnUrl: string;
  readonly token: string;
  readonly applicationId: string;
  readonly bot: User;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly world: World;
  readonly commands: CommandBook;
  readonly gateway: Gateway;
  readonly cdn: Cdn;
  readonly clock: ServerClock;
  /** Every request to the API, in the order in which they came. */
  readonly requests: readonly SeenRequest[];
  misbehave(plan: Misbehaviour): void;
  /** Forget what `misbehave` has planned. */
  behave(): void;
  /** Wait for a message that stands in a channel now, or comes within the deadline. */
  waitForMessage(channel: Channel, fits?: (message: Message) => boolean, deadlineMs?: number): Promise<Message>;
  /** Wait until looking finds something; it is looked for at each change. */
  waitFor<Found>(what: string, look: () => Found | null | undefined | false, deadlineMs?: number): Promise<Found>;
  close(): Promise<void>;
}

/** Start a Discord of our own: API and gateway on one free port, the CDN on another. */
export async function startDiscordServer(options: DiscordServerOptions = {}): Promise<DiscordServer> {
  const clock = createServerClock();
  const nextId = createSnowflakes(clock);
  const world: World = { users: new Map(), guilds: new Map(), channels: new Map(), messages: new Map() };
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of [...listeners]) listener();
  };
  clock.onAdvance(changed);

  const bot = newUser({ world, nextId, clock }, { name: 'Quartet', bot: true });
  const token = `${Buffer.from(bot.id).toString('base64url')}.quartet.test-token`;
  const limits = { oldEdits: 5, commandCreatesPerDay: 200, fileBytes: 10 * mebibyte, ...options.limits };
  // The API answers from a platform that needs the API's address first.
  const api = createApiServer(() => platform, clock.now, options.rateLimits ?? {});
  const origin = `127.0.0.1:${await listen(api.server)}`;
  const gateway = createGateway(
    api.server,
    `ws://${origin}`,
    {
      heartbeatMs: 41_250,
      shards: 1,
      maxConcurrency: 16,
      identifyWindowMs: 0,
      sessionStarts: 1000,
      ...options.gateway,
    },
    () => platform,
  );
  const cdn = await startCdn(clock);
  const platform: Platform = {
    clock,
    world,
    application: {
      id: bot.id,
      name: 'Quartet',
      token,
      bot,
      privilegedIntents: options.privilegedIntents ?? developerPortalDefault,
    },
    commands: createCommandBook(clock, nextId, limits.commandCreatesPerDay),
    interactions: new Map(),
    gateway,
    cdn,
    nonces: createNonces(clock.now),
    nextId,
    changed,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    limits,
  };
  const places = createPlaces(platform);
  const guild = places.addGuild({ name: 'Harbour' });
  const channel = places.addChannel({ guild, name: 'art' });
  if (options.botPermissions !== undefined) places.allow(guild, bot, options.botPermissions);

  return {
    ...places,
    apiUrl: `http://${origin}/api`,
    cdnUrl: cdn.url,
    token,
    applicationId: bot.id,
    bot,
    guild,
    channel,
    world,
    commands: platform.commands,
    gateway,
    cdn,
    clock,
    requests: api.requests,
    misbehave: api.misbehave,
    behave: api.behave,
    waitForMessage: (where, fits = () => true, deadlineMs) =>
      waitFor(
        platform,
        `a message in ${where.name || where.id}`,
        () => messagesIn(world, where).find(fits),
        deadlineMs,
      ),
    waitFor: (what, look, deadlineMs) => waitFor(platform, what, look, deadlineMs),
    async close() {
      gateway.close();
      await cdn.close();
      await new Promise<void>((resolve) => {
        api.server.close(() => resolve());
        api.server.closeAllConnections();
      });
    },
  };
}
