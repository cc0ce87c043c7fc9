import { type Client, Routes } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, logIn } from './real-client.ts';
import { type DiscordServer, startDiscordServer } from './start.ts';

let discord: DiscordServer;
let client: Client<true>;
const quick = { limit: 1000, windowMs: 1000 };

beforeEach(async () => {
  discord = await startDiscordServer({
    rateLimits: { commands: quick, global: quick },
    limits: { commandCreatesPerDay: 5 },
  });
  client = await logIn(createClient(discord), discord.token);
});
afterEach(async () => {
  await client.destroy();
  await discord.close();
});

const command = (name: string, more: object = {}) => ({ name, description: 'Does it', ...more });
const option = (name: string, more: object = {}) => ({ type: 3, name, description: 'An option', ...more });

function register(...commands: object[]): Promise<unknown> {
  return client.rest.put(Routes.applicationCommands(client.application.id), { body: commands });
}

/** The codes of each field that was refused, by path. */
async function refusal(request: Promise<unknown>): Promise<Record<string, string>> {
  const error = (await request.then(
    () => ({ code: 0, rawError: { errors: {} } }),
    (reason: unknown) => reason,
  )) as { code: number; rawError: { errors: object } };
  expect(error.code).toBe(50035);
  const walk = (node: object, path: string[]): [string, string][] =>
    Object.entries(node).flatMap(([key, value]): [string, string][] =>
      key === '_errors'
        ? [[path.join('.'), (value as { code: string }[])[0]?.code ?? '']]
        : walk(value as object, [...path, key]),
    );
  return Object.fromEntries(walk(error.rawError.errors, []));
}

test('commands are registered for everyone and for one server, and come back with their translations', async () => {
  const localized = command('imagine', {
    name_localizations: { ko: '그리기' },
    description_localizations: { ko: '그립니다' },
  });
  await client.application.commands.set([localized as never]);
  await client.application.commands.set([command('queue') as never], discord.guild.id);
  const path = Routes.applicationCommands(client.application.id);
  const plain = await client.rest.get(path);
  const whole = await client.rest.get(path, { query: new URLSearchParams({ with_localizations: 'true' }) });
  expect(plain).not.toMatchObject([{ name_localizations: {} }]);
  expect(whole).toMatchObject([{ name: 'imagine', name_localizations: { ko: '그리기' } }]);
  const local = await client.application.commands.fetch({ guildId: discord.guild.id });
  expect(local.map(({ name }) => name)).toEqual(['queue']);
  expect(discord.commands.writes.map(({ names }) => names)).toEqual([['imagine'], ['queue']]);
});

test('a command that does not change keeps its id and version, a changed one gets a new version', async () => {
  await register(command('imagine'), command('queue'));
  const before = discord.commands.list(null);
  await register(command('imagine'), command('queue', { description: 'Shows it' }));
  const after = discord.commands.list(null);
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(after[0]?.version).toBe(before[0]?.version);
  expect(after[1]?.version).not.toBe(before[1]?.version);
});

test('names, descriptions and options that break a limit are refused by field', async () => {
  expect(await refusal(register(command('Imagine')))).toEqual({ '0.name': 'APPLICATION_COMMAND_INVALID_NAME' });
  expect(await refusal(register(command('two words')))).toEqual({ '0.name': 'APPLICATION_COMMAND_INVALID_NAME' });
  expect(await refusal(register({ name: 'imagine' }))).toEqual({ '0.description': 'BASE_TYPE_REQUIRED' });
  expect(await refusal(register(command('a', { description: 'x'.repeat(101) })))).toEqual({
    '0.description': 'BASE_TYPE_MAX_LENGTH',
  });
  const options = [option('late'), option('early', { required: true })];
  expect(await refusal(register(command('a', { options })))).toEqual({
    '0.options.1': 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
  });
  expect(await refusal(register(command('a', { options: [option('x'), option('x')] })))).toEqual({
    '0.options.1.name': 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_USED',
  });
  const long = [option('x', { description: 'x'.repeat(101) })];
  expect(await refusal(register(command('a', { options: long })))).toEqual({
    '0.options.0.description': 'BASE_TYPE_MAX_LENGTH',
  });
  const choices = Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: `${index}` }));
  expect(await refusal(register(command('a', { options: [option('x', { choices })] })))).toEqual({
    '0.options.0.choices': 'BASE_TYPE_MAX_LENGTH',
  });
  const both = [option('x', { choices: choices.slice(0, 2), autocomplete: true })];
  expect(await refusal(register(command('a', { options: both })))).toEqual({
    '0.options.0.autocomplete': 'APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE',
  });
  const many = Array.from({ length: 26 }, (_, index) => option(`x${index}`));
  expect(await refusal(register(command('a', { options: many })))).toEqual({ '0.options': 'BASE_TYPE_MAX_LENGTH' });
  expect(await refusal(register(command('a', { name_localizations: { xx: 'b' } })))).not.toEqual({});
  expect(await refusal(register({ type: 3, name: 'Draw this', description: 'x' }))).toEqual({
    '0.description': 'APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED',
  });
});

test('a command of more than 8000 characters is refused', async () => {
  const choices = Array.from({ length: 25 }, (_, index) => ({
    name: `${index}`.padEnd(100, 'n'),
    value: `${index}`.padEnd(100, 'v'),
  }));
  expect(
    await refusal(register(command('a', { options: [option('x', { choices }), option('y', { choices })] }))),
  ).toEqual({
    '0': 'APPLICATION_COMMAND_TOO_LARGE',
  });
});

test('new commands are limited a day, changed ones are not', async () => {
  await register(...['a', 'b', 'c', 'd', 'e'].map((name) => command(name)));
  await register(...['a', 'b', 'c', 'd', 'e'].map((name) => command(name, { description: 'Another' })));
  const path = Routes.applicationCommands(client.application.id);
  await expect(client.rest.post(path, { body: command('f') })).rejects.toMatchObject({ code: 30034 });
  discord.clock.advance(25 * 3_600_000);
  await client.rest.post(path, { body: command('f') });
  expect(discord.commands.list(null)).toHaveLength(6);
});

test('16 message commands are one too many', async () => {
  const menus = Array.from({ length: 16 }, (_, index) => ({ type: 3, name: `Menu ${index}` }));
  await expect(register(...menus)).rejects.toMatchObject({ code: 30034 });
});

test('a server that has not let the commands in is closed: 50001', async () => {
  const closed = discord.addGuild({ name: 'Closed', withBot: false });
  const path = Routes.applicationGuildCommands(client.application.id, closed.id);
  await expect(client.rest.put(path, { body: [] })).rejects.toMatchObject({ code: 50001 });
});
