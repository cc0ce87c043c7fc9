import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registerApp, type SlackApp, sampleManifest } from './app.ts';
import type { Delivery, Envelope } from './envelopes.ts';
import { createEvents } from './events.ts';
import { createHttpMode, type HttpMode } from './http-mode.ts';
import { createOAuth } from './oauth.ts';
import { createPerson, type SlackPerson } from './person.ts';
import type { Platform } from './platform.ts';
import { createRateLimits } from './rate-limits.ts';
import type { Json } from './refusal.ts';
import { answerResponseUrl } from './response-urls.ts';
import { createSocketMode, type SocketMode } from './socket-mode.ts';
import { createSpecialMethods } from './special-methods.ts';
import { currentStatus } from './status.ts';
import { createTickets } from './tickets.ts';
import { waitUntil } from './until.ts';
import { receiveBytes, sendBytes } from './uploads.ts';
import { createWeather, type Weather } from './weather.ts';
import { answerCall } from './web-api.ts';
import {
  type ChannelKind,
  createWorld,
  type SlackChannel,
  type SlackMessage,
  type SlackTeam,
  type World,
} from './world.ts';

export interface SlackServerOptions {
  /** The app's manifest: its commands, shortcuts, events and scopes. @default one with all that the bot uses */
  readonly manifest?: Json;
  /** @default a free one */
  readonly port?: number;
  /** How many times faster than Slack's the minutes of the rate limits pass. @default 1 */
  readonly pace?: number;
  /** How long a finished upload stays out of sight. @default 30 */
  readonly shareDelayMs?: number;
}

export interface ChannelOptions {
  readonly kind?: ChannelKind;
  /** Whether the bot is in it. @default true */
  readonly withBot?: boolean;
  readonly members?: readonly SlackPerson[];
  readonly team?: SlackTeam;
}

/** A Slack of our own. */
export interface SlackServer {
  /** For `SLACK_API_URL`; ends in `/api/`. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly app: SlackApp;
  readonly team: SlackTeam;
  readonly state: World;
  readonly weather: Weather;
  readonly sockets: SocketMode;
  /** Every command, click and event that was sent to the app, with what it answered. */
  readonly deliveries: readonly Delivery[];
  /** A public channel with both people and the bot in it. */
  readonly general: SlackChannel;
  readonly alice: SlackPerson;
  readonly bob: SlackPerson;
  /** Another workspace; without `installed` the app has yet to be let in, by OAuth. */
  addTeam(name: string, options?: { installed?: boolean }): SlackTeam;
  addPerson(name: string, options?: { locale?: string; team?: SlackTeam }): SlackPerson;
  addChannel(name: string, options?: ChannelOptions): SlackChannel;
  /** Switch to HTTP mode: from now on everything is posted to this address, which must answer a challenge first. */
  postTo(url: string): Promise<HttpMode>;
  /** Messages of a channel that are still there, or of a thread in it. */
  messages(channel: SlackChannel, thread?: SlackMessage): readonly SlackMessage[];
  /** The app is taken out of a workspace: its token dies, and it is told. */
  uninstall(team: SlackTeam): void;
  /** What people read under a thread while the app works ("is drawing..."), if anything. */
  statusIn(parent: SlackMessage): string | null;
  /** Wait for a message in a channel. */
  untilMessage(
    channel: SlackChannel,
    what: string,
    find: (message: SlackMessage) => boolean,
    deadlineMs?: number,
  ): Promise<SlackMessage>;
  /** Wait for something, 5 s unless told. */
  until<T>(what: string, find: () => T | null | undefined | false, deadlineMs?: number): Promise<T>;
  close(): Promise<void>;
}

export async function startSlackServer(options: SlackServerOptions = {}): Promise<SlackServer> {
  const world = createWorld();
  const app = registerApp(options.manifest ?? sampleManifest);
  const weather = createWeather();
  const deliveries: Delivery[] = [];
  let baseUrl = '';
  let http: HttpMode | null = null;
  const sockets = createSocketMode(world, { appId: app.id, baseUrl: () => baseUrl });
  const limits = createRateLimits(world.clock, options.pace ?? 1);
  const oauth = createOAuth(world, app);
  const special = createSpecialMethods(app, sockets, oauth);

  const deliver = async (envelope: Envelope) => {
    const delivery: Delivery = { envelope, atMs: world.clock.now(), receipt: null, lateAfterMs: null };
    deliveries.push(delivery);
    const receipt = await (http === null ? sockets.deliver(envelope, delivery) : http.deliver(envelope, delivery));
    delivery.receipt = receipt;
    // Whoever waits for it looks when what follows from it (a retry that is planned) has happened too.
    setImmediate(world.changed);
    return receipt;
  };

  const platform: Platform = {
    world,
    app,
    weather,
    tickets: createTickets(world),
    shareDelayMs: options.shareDelayMs ?? 30,
    get baseUrl() {
      return baseUrl;
    },
    responseUrl: ({ team: id, token }) => `${baseUrl}/response/${id}/${token}`,
    deliver,
    emitEvent: createEvents(world, app, weather, deliver),
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', baseUrl);
    const [, room = '', first = '', second = ''] = url.pathname.split('/');
    if (room === 'api') return await answerCall(platform, limits, special, request, response, url);
    if (room === 'upload' && request.method === 'POST') {
      return await receiveBytes(platform, request, response, url.pathname.split('/').at(-1) ?? '');
    }
    if (url.pathname === '/oauth/v2/authorize') return oauth.authorize(url, response);
    if (room === 'files-pri') return sendBytes(platform, request, response, first);
    if (room === 'response' && request.method === 'POST') {
      return await answerResponseUrl(platform, request, response, second);
    }
    response.writeHead(404).end();
    return undefined;
  };

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const addTeam: SlackServer['addTeam'] = (name, { installed = true } = {}) => {
    const id = world.nextId('T');
    const team: SlackTeam = {
      id,
      name,
      domain: name.toLowerCase(),
      botToken: `xoxb-${id}-bot`,
      botUser: world.nextId('U'),
      botId: world.nextId('B'),
      scopes: new Set(app.scopes),
      installed,
    };
    world.teams.set(id, team);
    const bot = { id: team.botUser, team: id, name: 'quartet', realName: 'Quartet', locale: 'en-US', isBot: true };
    world.users.set(bot.id, bot);
    return team;
  };

  const team = addTeam('Harbour');

  const addPerson: SlackServer['addPerson'] = (name, { locale = 'en-US', team: home = team } = {}) => {
    const user = { id: world.nextId('U'), team: home.id, name, realName: name, locale, isBot: false };
    world.users.set(user.id, user);
    return createPerson(platform, oauth, deliveries, home, user);
  };

  const addChannel: SlackServer['addChannel'] = (
    name,
    { kind = 'public', withBot = true, members = [], team: home = team } = {},
  ) => {
    const channel: SlackChannel = {
      id: world.nextId(kind === 'im' ? 'D' : 'C'),
      team: home.id,
      name,
      kind,
      members: new Set([...(withBot ? [home.botUser] : []), ...members.map(({ id }) => id)]),
      messages: [],
      archived: false,
      deleted: false,
    };
    world.channels.set(channel.id, channel);
    return channel;
  };

  const alice = addPerson('alice');
  const bob = addPerson('bob');

  return {
    get apiUrl() {
      return `${baseUrl}/api/`;
    },
    botToken: team.botToken,
    appToken: app.appToken,
    signingSecret: app.signingSecret,
    app,
    team,
    state: world,
    weather,
    sockets,
    deliveries,
    general: addChannel('general', { members: [alice, bob] }),
    alice,
    bob,
    addTeam,
    addPerson,
    addChannel,
    async postTo(url) {
      const mode = createHttpMode(world, { url, signingSecret: app.signingSecret });
      await mode.verify();
      http = mode;
      return mode;
    },
    messages: (channel, thread) =>
      channel.messages.filter(
        (message) => !message.deleted && (thread === undefined || message.threadTs === thread.ts),
      ),
    uninstall(home) {
      const { emitEvent } = platform;
      emitEvent(home, 'tokens_revoked', { type: 'tokens_revoked', tokens: { oauth: [], bot: [home.botUser] } });
      emitEvent(home, 'app_uninstalled', { type: 'app_uninstalled' });
      home.installed = false;
    },
    statusIn: (parent) => currentStatus(world, parent),
    untilMessage: (channel, what, find, deadlineMs = 5000) =>
      waitUntil(world, what, () => channel.messages.find((one) => !one.deleted && find(one)), deadlineMs),
    until: (what, find, deadlineMs = 5000) => waitUntil(world, what, find, deadlineMs),
    async close() {
      world.clock.close();
      await sockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
