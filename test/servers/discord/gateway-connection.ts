import { randomBytes } from 'node:crypto';
import { GatewayCloseCodes, GatewayIntentBits, GatewayOpcodes } from 'discord.js';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { botSees } from './announce.ts';
import type { Gateway } from './gateway.ts';
import { GatewaySession } from './gateway-session.ts';
import type { Platform } from './platform.ts';
import { renderMember, renderUser, renderWholeGuild } from './render/guild.ts';

const payloadForm = z.object({ op: z.int(), d: z.unknown() });
const identifyForm = z.object({
  token: z.string(),
  properties: z.object({}),
  intents: z.int(),
  shard: z.tuple([z.int(), z.int()]).default([0, 1]),
});
const membersForm = z.object({
  guild_id: z.string(),
  query: z.string().optional(),
  user_ids: z.union([z.string(), z.array(z.string())]).optional(),
  nonce: z.string().optional(),
});
const resumeForm = z.object({ token: z.string(), session_id: z.string(), seq: z.int() });

const allIntents = Object.values(GatewayIntentBits)
  .filter((bit) => typeof bit === 'number')
  .reduce((all, bit) => all | bit, 0);
const privileged = GatewayIntentBits.MessageContent | GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildPresences;
const payloadsPerMinute = 120;

/** One WebSocket of the bot, from hello to its end. */
export class GatewayConnection {
  readonly socket: WebSocket;
  /** Neither answers nor says anything: what a connection does that died without a word. */
  silent = false;
  readonly #gateway: Gateway;
  readonly #platform: Platform;
  #session: GatewaySession | null = null;
  #received: number[] = [];

  constructor(socket: WebSocket, url: string, gateway: Gateway, platform: Platform) {
    this.socket = socket;
    this.#gateway = gateway;
    this.#platform = platform;
    // Whole messages come as one Buffer, unless the socket is told otherwise.
    socket.on('message', (data: RawData) => this.#receive(Buffer.from(data as Buffer).toString('utf8')));
    socket.on('close', (code) => this.#leave(code));
    const query = new URL(url, 'http://gateway').searchParams;
    if (query.get('v') !== '10' || query.get('encoding') !== 'json') socket.close(GatewayCloseCodes.InvalidAPIVersion);
    else this.send({ op: GatewayOpcodes.Hello, d: { heartbeat_interval: gateway.options.heartbeatMs } });
  }

  get session(): GatewaySession | null {
    return this.#session;
  }

  send(payload: unknown): void {
    if (!this.silent && this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(payload));
  }

  #leave(code: number): void {
    const session = this.#session;
    if (session === null || session.connection !== this) return;
    session.connection = null;
    // A client that closes with these says that it does not come back.
    if (code === 1000 || code === 1001) session.alive = false;
    this.#platform.changed();
  }

  #receive(text: string) {
    if (this.silent) return;
    const now = Date.now();
    this.#received = [...this.#received.filter((at) => at > now - 60_000), now];
    if (this.#received.length > payloadsPerMinute) return this.socket.close(GatewayCloseCodes.RateLimited);
    const payload = payloadForm.safeParse(tryJson(text));
    if (!payload.success) return this.socket.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    const { op, d } = payload.data;
    if (op === GatewayOpcodes.Heartbeat) return this.#heartbeat();
    if (op === GatewayOpcodes.Identify) return this.#identify(d);
    if (op === GatewayOpcodes.Resume) return this.#resume(d);
    if (this.#session === null) return this.socket.close(GatewayCloseCodes.NotAuthenticated, 'Not authenticated.');
    if (op === GatewayOpcodes.RequestGuildMembers) return this.#listMembers(this.#session, d);
    const harmless = [GatewayOpcodes.PresenceUpdate, GatewayOpcodes.VoiceStateUpdate];
    if (!harmless.includes(op)) this.socket.close(GatewayCloseCodes.UnknownOpcode, 'Unknown opcode.');
  }

  #listMembers(session: GatewaySession, data: unknown) {
    const form = membersForm.safeParse(data);
    const guild = this.#platform.world.guilds.get(form.data?.guild_id ?? '');
    if (!form.success || guild === undefined)
      return this.socket.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    const { query, user_ids, nonce } = form.data;
    const wanted = [...guild.members.values()].filter(({ user }) =>
      user_ids === undefined ? user.username.startsWith(query ?? '') : [user_ids].flat().includes(user.id),
    );
    session.push({
      op: GatewayOpcodes.Dispatch,
      t: 'GUILD_MEMBERS_CHUNK',
      d: {
        guild_id: guild.id,
        members: wanted.map((member) => ({ ...renderMember(member), user: renderUser(member.user) })),
        chunk_index: 0,
        chunk_count: 1,
        not_found: [],
        nonce,
      },
    });
  }

  #heartbeat(): void {
    if (this.#session !== null) this.#session.heartbeats++;
    this.send({ op: GatewayOpcodes.HeartbeatAck });
    this.#platform.changed();
  }

  #identify(data: unknown) {
    if (this.#session !== null)
      return this.socket.close(GatewayCloseCodes.AlreadyAuthenticated, 'Already authenticated.');
    const form = identifyForm.safeParse(data);
    if (!form.success) return this.socket.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    const { token, intents, shard } = form.data;
    const { application } = this.#platform;
    const { options, sessions } = this.#gateway;
    if (token !== application.token)
      return this.socket.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    const [index, count] = shard;
    if (index < 0 || index >= count) return this.socket.close(GatewayCloseCodes.InvalidShard, 'Invalid shard.');
    if (count < this.#gateway.requiredShards())
      return this.socket.close(GatewayCloseCodes.ShardingRequired, 'Sharding required.');
    if (intents < 0 || (intents & ~allIntents) !== 0)
      return this.socket.close(GatewayCloseCodes.InvalidIntents, 'Invalid intent(s).');
    if ((intents & privileged & ~application.privilegedIntents) !== 0)
      return this.socket.close(GatewayCloseCodes.DisallowedIntents, 'Disallowed intent(s).');
    if (
      !this.#gateway.mayIdentify(index % options.maxConcurrency, options.identifyWindowMs) ||
      this.#gateway.startsLeft === 0
    )
      return this.send({ op: GatewayOpcodes.InvalidSession, d: false });
    this.#gateway.startsLeft--;

    const session = new GatewaySession({ id: randomBytes(16).toString('hex'), shard, intents });
    (sessions as GatewaySession[]).push(session);
    this.#take(session);
    this.#welcome(session);
  }

  #welcome(session: GatewaySession): void {
    const { application, world } = this.#platform;
    const [index, count] = session.shard;
    const guilds = [...world.guilds.values()].filter(
      (guild) => guild.members.has(application.bot.id) && Number((BigInt(guild.id) >> 22n) % BigInt(count)) === index,
    );
    session.push({
      op: GatewayOpcodes.Dispatch,
      t: 'READY',
      d: {
        v: 10,
        user: { ...renderUser(application.bot), verified: true, mfa_enabled: false, flags: 0 },
        guilds: guilds.map((guild) => ({ id: guild.id, unavailable: true })),
        session_id: session.id,
        resume_gateway_url: `${this.#gateway.url}/resume`,
        shard: session.shard,
        application: { id: application.id, flags: 0 },
      },
    });
    if ((session.intents & GatewayIntentBits.Guilds) !== 0) {
      for (const guild of guilds) {
        const sees = (channel: Parameters<typeof botSees>[1]) => botSees(this.#platform, channel);
        session.push({
          op: GatewayOpcodes.Dispatch,
          t: 'GUILD_CREATE',
          d: renderWholeGuild(world, guild, application.bot, sees),
        });
      }
    }
    this.#platform.changed();
  }

  #resume(data: unknown) {
    const form = resumeForm.safeParse(data);
    if (!form.success) return this.socket.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    const { token, session_id, seq } = form.data;
    if (token !== this.#platform.application.token)
      return this.socket.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    const session = this.#gateway.sessions.find((candidate) => candidate.id === session_id);
    if (session === undefined || !session.alive) return this.send({ op: GatewayOpcodes.InvalidSession, d: false });
    if (seq > session.sequence) return this.socket.close(GatewayCloseCodes.InvalidSeq, 'Invalid seq.');
    this.#take(session);
    session.replay(seq);
    session.push({ op: GatewayOpcodes.Dispatch, t: 'RESUMED', d: {} });
    this.#platform.changed();
  }

  #take(session: GatewaySession): void {
    this.#session = session;
    session.connection?.socket.close(4000);
    session.connection = this;
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
