import { type Client, Events, GatewayIntentBits, type Message } from 'discord.js';
import { afterEach, expect, test } from 'vitest';
import { createClient, logIn } from './real-client.ts';
import { type DiscordServer, type DiscordServerOptions, startDiscordServer } from './start.ts';

let discord: DiscordServer;
const clients: Client[] = [];

async function open(options: DiscordServerOptions = {}, intents?: number): Promise<Client<true>> {
  discord = await startDiscordServer(options);
  return logIn(newClient(intents), discord.token);
}

function newClient(intents?: number, shards?: number[]): Client {
  const client = createClient(discord, {
    ...(intents === undefined ? {} : { intents }),
    ...(shards === undefined ? {} : { shards }),
  });
  // Without a listener, an error of a shard would end the process.
  client.on(Events.Error, () => {});
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) await client.destroy();
  await discord.close();
});

/** What a client hears people say. */
function hear(client: Client): string[] {
  const heard: string[] = [];
  client.on(Events.MessageCreate, (message: Message) => void heard.push(message.content));
  return heard;
}

/** The code with which a client is thrown out. */
function closeCode(client: Client): Promise<number> {
  return new Promise((resolve) => client.once(Events.ShardDisconnect, (event) => resolve(event.code)));
}

test('a client whose connection drops resumes and hears what was said meanwhile, once', async () => {
  const client = await open();
  const heard = hear(client);
  const ana = discord.addPerson('Ana');
  discord.gateway.drop();
  await ana.says(discord.channel, 'while you were away');
  await new Promise((resolve) => client.once(Events.ShardResume, resolve));
  await ana.says(discord.channel, 'after');
  await discord.waitFor('both messages', () => heard.length >= 2);
  expect(heard).toEqual(['while you were away', 'after']);
  expect(discord.gateway.sessions).toHaveLength(1);
  expect(discord.gateway.sessions[0]?.resumes).toBe(1);
});

test('a client that is asked to reconnect resumes the same session', async () => {
  const client = await open();
  const resumed = new Promise((resolve) => client.once(Events.ShardResume, resolve));
  discord.gateway.askToReconnect();
  await resumed;
  expect(discord.gateway.sessions).toHaveLength(1);
});

test('a client whose session is invalid identifies anew', async () => {
  const client = await open();
  const ready = new Promise((resolve) => client.once(Events.ShardReady, resolve));
  discord.gateway.invalidate(false);
  // discord.js leaves 5 s between two identifies of a shard.
  await ready;
  expect(discord.gateway.sessions.map((session) => session.alive)).toEqual([false, true]);
});

test('a connection that falls silent is noticed by its missing heartbeats and resumed', async () => {
  const client = await open({ gateway: { heartbeatMs: 100 } });
  const heard = hear(client);
  await discord.waitFor('a heartbeat', () => (discord.gateway.sessions[0]?.heartbeats ?? 0) > 0);
  discord.gateway.fallSilent();
  await discord.addPerson('Ana').says(discord.channel, 'can you hear me');
  await new Promise((resolve) => client.once(Events.ShardResume, resolve));
  await discord.waitFor('the message', () => heard.length > 0);
  expect(heard).toEqual(['can you hear me']);
});

test('a gateway that is away takes no connection until it is back', async () => {
  const client = await open();
  const comeBack = discord.gateway.goAway();
  await discord.waitFor('the client to be gone', () => discord.gateway.sessions[0]?.connection === null);
  const resumed = new Promise((resolve) => client.once(Events.ShardResume, resolve));
  comeBack();
  await resumed;
});

test('a wrong token is refused by the API before the gateway is asked', async () => {
  discord = await startDiscordServer();
  await expect(newClient().login('wrong')).rejects.toMatchObject({ code: 'TokenInvalid' });
  expect(discord.requests.at(-1)).toMatchObject({ route: 'GET /gateway/bot', status: 401 });
});

test('a token that changes between API and gateway is closed with 4004', async () => {
  const client = await open();
  const code = closeCode(client);
  discord.gateway.disconnect(4004);
  expect(await code).toBe(4004);
});

test('an intent that is not switched on is closed with 4014', async () => {
  discord = await startDiscordServer({ privilegedIntents: 0 });
  const client = newClient(GatewayIntentBits.Guilds | GatewayIntentBits.MessageContent);
  const code = closeCode(client);
  void client.login(discord.token).catch(() => {});
  expect(await code).toBe(4014);
});

test('an intent that does not exist is closed with 4013', async () => {
  discord = await startDiscordServer();
  const client = newClient(1 << 30);
  const code = closeCode(client);
  void client.login(discord.token).catch(() => {});
  expect(await code).toBe(4013);
});

test('too few shards are closed with 4011', async () => {
  discord = await startDiscordServer();
  discord.gateway.requireShards(2);
  const client = newClient();
  const code = closeCode(client);
  void client.login(discord.token).catch(() => {});
  expect(await code).toBe(4011);
});

test('each shard hears of its own servers only', async () => {
  discord = await startDiscordServer();
  const servers = [discord.guild, ...['Mill', 'Quay', 'Pier', 'Dune'].map((name) => discord.addGuild({ name }))];
  const client = await logIn(newClient(undefined, [0, 1]), discord.token);
  for (const server of servers) {
    expect(client.guilds.cache.get(server.id)?.shardId).toBe(Number((BigInt(server.id) >> 22n) % 2n));
  }
  expect(discord.gateway.sessions.map((session) => session.shard)).toEqual([
    [0, 2],
    [1, 2],
  ]);
});

test('without the intent for content, only mentions and direct messages can be read', async () => {
  const { Guilds, GuildMessages, DirectMessages } = GatewayIntentBits;
  const client = await open({}, Guilds | GuildMessages | DirectMessages);
  const heard = hear(client);
  const ana = discord.addPerson('Ana');
  await ana.says(discord.channel, 'a secret');
  await ana.says(discord.channel, `<@${discord.applicationId}> a boat`);
  await ana.says(discord.directMessages(ana), 'just us');
  await discord.waitFor('three messages', () => heard.length === 3);
  expect(heard).toEqual(['', `<@${discord.applicationId}> a boat`, 'just us']);
});

test('events can come twice, and late', async () => {
  const client = await open();
  const heard: unknown[] = [];
  client.on(Events.Raw, (packet: { t: string; d: { content: string } }) => {
    if (packet.t === 'MESSAGE_CREATE') heard.push(packet.d.content);
  });
  const ana = discord.addPerson('Ana');
  discord.gateway.duplicateNext('MESSAGE_CREATE');
  await ana.says(discord.channel, 'twice');
  const release = discord.gateway.hold('MESSAGE_CREATE');
  await ana.says(discord.channel, 'late');
  release();
  await discord.waitFor('all three', () => heard.length === 3);
  expect(heard).toEqual(['twice', 'twice', 'late']);
});

test('a channel that the bot cannot see is not told of', async () => {
  const client = await open();
  const heard = hear(client);
  const ana = discord.addPerson('Ana');
  const hidden = discord.addChannel({ guild: discord.guild, name: 'staff' });
  discord.deny(hidden, discord.bot, 'ViewChannel');
  await ana.says(hidden, 'not for bots');
  await ana.says(discord.channel, 'for everyone');
  await discord.waitFor('a message', () => heard.length > 0);
  expect(heard).toEqual(['for everyone']);
});

test('servers and channels that come and go are told of', async () => {
  const client = await open();
  const quay = discord.addGuild({ name: 'Quay' });
  await discord.waitFor('the server', () => client.guilds.cache.has(quay.id));
  const pier = discord.addChannel({ guild: quay, name: 'pier' });
  await discord.waitFor('the channel', () => client.channels.cache.has(pier.id));
  discord.removeChannel(pier);
  discord.removeBot(quay);
  await discord.waitFor('the server to be gone', () => !client.guilds.cache.has(quay.id));
  expect(client.channels.cache.has(pier.id)).toBe(false);
});
