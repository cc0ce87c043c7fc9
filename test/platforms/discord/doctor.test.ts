import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDiscord } from '../../../src/platforms/discord/doctor.ts';
import { registerDiscord } from '../../../src/platforms/discord/register.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { configFor } from './open-discord.ts';

let server: DiscordServer;
beforeEach(async () => {
  server = await startDiscordServer();
});
afterEach(() => server.close());

const check = async (changes = {}, clock: () => number = Date.now) =>
  (await checkDiscord(configFor(server, changes), clock)).map(({ state, what }) => `${state}: ${what}`);

test('a set-up in which everything is as it should be', async () => {
  await registerDiscord(configFor(server));
  const findings = await check({ DISCORD_CHANNELS: [server.channel.id] });
  expect(findings).toEqual([
    'good: The token belongs to the application Quartet.',
    'good: Message Content is switched on: words in the thread of a result are read.',
    'good: The registered commands are those of this version.',
    'good: In the channel #art the bot has the permissions that it needs.',
    'good: The clock of this machine agrees with Discord’s.',
  ]);
});

test('a wrong token', async () => {
  expect(await check({ DISCORD_TOKEN: 'wrong-token-of-twenty' })).toEqual(['bad: Discord does not let the bot in.']);
});

test('commands that are not registered, and nothing is written', async () => {
  expect(await check()).toContainEqual(expect.stringMatching(/^warning: The registered commands differ: imagine,/));
  expect(server.requests.every(({ route }) => route.startsWith('GET '))).toBe(true);
});

test('a channel in which a permission is missing', async () => {
  server.deny(server.channel, server.bot, ['AttachFiles', 'SendMessages']);
  const findings = await check({ DISCORD_CHANNELS: [server.channel.id] });
  expect(findings).toContainEqual('bad: In the channel #art the bot lacks Send Messages, Attach Files.');
});

test('a channel that the bot cannot see, and a server that it is not in', async () => {
  const elsewhere = server.addGuild({ name: 'Elsewhere', withBot: false });
  const hidden = server.addChannel({ guild: elsewhere, name: 'hidden' });
  const findings = await check({ DISCORD_CHANNELS: [hidden.id], DISCORD_GUILD_ID: elsewhere.id });
  expect(findings).toContainEqual(`bad: DISCORD_CHANNELS: the bot cannot see the channel ${hidden.id}.`);
  expect(findings).toContainEqual(`bad: DISCORD_GUILD_ID: the bot is not in the server ${elsewhere.id}.`);
});

test('a server in which the bot has what it needs', async () => {
  expect(await check({ DISCORD_GUILD_ID: server.guild.id })).toContainEqual(
    'good: In the server Harbour the bot has the permissions that it needs.',
  );
});

test('a clock that is wrong', async () => {
  const findings = await check({}, () => Date.now() - 60_000);
  expect(findings.at(-1)).toMatch(/^warning: The clock of this machine is (59|60|61) s behind Discord’s\.$/);
});
