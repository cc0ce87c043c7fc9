import { type Client, Routes } from 'discord.js';
import { afterEach, expect, test } from 'vitest';
import { createClient, logIn } from './real-client.ts';
import { refusals } from './refusal.ts';
import { type DiscordServer, type DiscordServerOptions, startDiscordServer } from './start.ts';

let discord: DiscordServer;
let client: Client<true> | null = null;

async function open(options: DiscordServerOptions = {}): Promise<void> {
  discord = await startDiscordServer(options);
}
async function openWithClient(options: DiscordServerOptions = {}): Promise<Client<true>> {
  await open(options);
  client = await logIn(createClient(discord), discord.token);
  return client;
}
afterEach(async () => {
  await client?.destroy();
  client = null;
  await discord.close();
});

/** A request without a client that would wait by itself. */
function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${discord.apiUrl}/v10${path}`, {
    method,
    headers: { authorization: `Bot ${discord.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test('creating and editing share one bucket a channel: 5 in 5 seconds', async () => {
  await open();
  const path = `/channels/${discord.channel.id}/messages`;
  const first = await ask('POST', path, { content: '0' });
  const { id } = (await first.json()) as { id: string };
  expect(first.headers.get('x-ratelimit-limit')).toBe('5');
  expect(first.headers.get('x-ratelimit-remaining')).toBe('4');
  for (const content of ['1', '2', '3', '4'])
    expect((await ask('PATCH', `${path}/${id}`, { content })).status).toBe(200);
  const refused = await ask('PATCH', `${path}/${id}`, { content: '5' });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('x-ratelimit-scope')).toBe('user');
  expect(refused.headers.get('x-ratelimit-bucket')).toBe(first.headers.get('x-ratelimit-bucket'));
  const { retry_after, global } = (await refused.json()) as { retry_after: number; global: boolean };
  expect(global).toBe(false);
  expect(retry_after).toBeGreaterThan(3);
  expect(retry_after).toBeLessThanOrEqual(5);
  const elsewhere = discord.addChannel({ guild: discord.guild, name: 'elsewhere' });
  expect((await ask('POST', `/channels/${elsewhere.id}/messages`, { content: 'x' })).status).toBe(200);
  discord.clock.advance(5_000);
  expect((await ask('PATCH', `${path}/${id}`, { content: '5' })).status).toBe(200);
});

test('50 requests a second are the limit of a bot, and interaction endpoints do not count', async () => {
  await open({ rateLimits: { global: { limit: 3, windowMs: 60_000 } } });
  for (let request = 0; request < 3; request++) expect((await ask('GET', '/users/@me')).status).toBe(200);
  const refused = await ask('GET', '/users/@me');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('x-ratelimit-global')).toBe('true');
  expect(await refused.json()).toMatchObject({ global: true });
  expect((await ask('POST', '/interactions/1/none/callback', { type: 5 })).status).toBe(404);
});

test('a message older than an hour can be edited a few times only: 30046', async () => {
  await open();
  const path = `/channels/${discord.channel.id}/messages`;
  const { id } = (await (await ask('POST', path, { content: 'old' })).json()) as { id: string };
  discord.clock.advance(2 * 3_600_000);
  for (let edit = 0; edit < 5; edit++) {
    expect((await ask('PATCH', `${path}/${id}`, { content: `edit ${edit}` })).status).toBe(200);
    discord.clock.advance(5_000);
  }
  const refused = await ask('PATCH', `${path}/${id}`, { content: 'one too many' });
  expect(await refused.json()).toMatchObject({ code: 30046 });
});

test('a request without a token, to nowhere, or with a broken body is refused', async () => {
  await open();
  const plain = await fetch(`${discord.apiUrl}/v10/users/@me`);
  expect(plain.status).toBe(401);
  expect(await plain.json()).toEqual({ message: '401: Unauthorized', code: 0 });
  expect((await ask('GET', '/nowhere')).status).toBe(404);
  expect((await ask('DELETE', '/users/@me')).status).toBe(405);
  const broken = await fetch(`${discord.apiUrl}/v10/channels/${discord.channel.id}/messages`, {
    method: 'POST',
    headers: { authorization: `Bot ${discord.token}`, 'content-type': 'application/json' },
    body: '{',
  });
  expect(await broken.json()).toMatchObject({ code: 50109 });
});

test('a 504 after the work was done leaves the message there, and the nonce finds it', async () => {
  const bot = await openWithClient();
  discord.misbehave({ on: 'POST /channels/:channel/messages', answer: 504, workDone: true });
  const body = { content: 'posted', nonce: 'job-1', enforce_nonce: true };
  const post = () => bot.rest.post(Routes.channelMessages(discord.channel.id), { body }) as Promise<{ id: string }>;
  await expect(post()).rejects.toMatchObject({ status: 504 });
  const message = await discord.waitForMessage(discord.channel, (found) => found.content === 'posted');
  expect((await post()).id).toBe(message.id);
});

test('a 500 without the work leaves nothing, and a cut connection neither', async () => {
  const bot = await openWithClient();
  const post = () => bot.rest.post(Routes.channelMessages(discord.channel.id), { body: { content: 'x' } });
  discord.misbehave({ on: 'POST /channels/:channel/messages', answer: 500 });
  discord.misbehave({ on: 'POST /channels/:channel/messages', answer: 'hang up' });
  await expect(post()).rejects.toMatchObject({ status: 500 });
  await expect(post()).rejects.toThrow();
  expect(discord.world.messages.size).toBe(0);
  await post();
  expect(
    discord.requests.filter(({ route }) => route === 'POST /channels/:channel/messages').map(({ status }) => status),
  ).toEqual([500, null, 200]);
});

test('a request can stay without any answer', async () => {
  await open();
  discord.misbehave({ on: 'GET /users/@me', answer: 'silence' });
  const request = fetch(`${discord.apiUrl}/v10/users/@me`, {
    headers: { authorization: `Bot ${discord.token}` },
    signal: AbortSignal.timeout(100),
  });
  await expect(request).rejects.toThrow();
});

test('a client waits as long as a 429 says', async () => {
  const bot = await openWithClient();
  discord.misbehave({ on: 'POST /channels/:channel/messages', answer: 429, retryAfterMs: 300, scope: 'shared' });
  await bot.rest.post(Routes.channelMessages(discord.channel.id), { body: { content: 'late' } });
  const statuses = discord.requests
    .filter(({ route }) => route.startsWith('POST /channels'))
    .map(({ status }) => status);
  expect(statuses).toEqual([429, 200]);
});

test('a request can be refused without a reason, and answered late', async () => {
  await open();
  const { promise, resolve } = Promise.withResolvers<void>();
  discord.misbehave({ on: 'GET /users/@me', answer: refusals.missingAccess() });
  discord.misbehave({ on: 'GET /users/@me', answer: 'late', after: promise });
  expect(await (await ask('GET', '/users/@me')).json()).toMatchObject({ code: 50001 });
  let answered = false;
  const late = ask('GET', '/users/@me').then((response) => {
    answered = true;
    return response.status;
  });
  await ask('GET', '/gateway');
  expect(answered).toBe(false);
  resolve();
  expect(await late).toBe(200);
});
