import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineCommand } from '../../../commands/define-command.ts';
import { commands } from '../../../commands/index.ts';
import { renderDiscordCommands } from '../../../src/platforms/discord/commands-render.ts';
import { registerDiscord } from '../../../src/platforms/discord/register.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Bot, configFor, openBot } from './open-discord.ts';

describe('the commands as Discord wants them', () => {
  test('slash commands, in servers, direct messages and private channels, for servers and users', () => {
    const rendered = renderDiscordCommands(commands);
    expect(rendered.map(({ name }) => name)).toEqual([
      ...commands.filter(({ surface }) => surface === 'slash').map(({ name }) => name),
      'Draw this',
    ]);
    for (const command of rendered) {
      expect(command).toMatchObject({ integration_types: [0, 1], contexts: [0, 1, 2] });
    }
  });

  test('each kind of option', () => {
    const text = (name: string) => () => ({ name, title: name, description: `About ${name}`, examples: [] });
    const command = defineCommand({
      name: 'paint',
      text: text('paint'),
      surface: 'slash',
      options: [
        { name: 'text', type: 'text', text: text('text'), maxLength: 9_000, required: true },
        { name: 'whole', type: 'integer', text: text('whole'), min: 1, max: 4 },
        { name: 'real', type: 'number', text: text('real'), min: 0.5, max: 1 },
        { name: 'flag', type: 'boolean', text: text('flag') },
        { name: 'file', type: 'picture', text: text('file') },
        { name: 'fixed', type: 'choice', text: text('fixed'), choices: () => [{ value: 'a', label: () => 'A' }] },
        {
          name: 'open',
          type: 'choice',
          text: text('open'),
          choices: ({ engine }) => engine.models.map(({ id }) => ({ value: id, label: () => id })),
        },
      ],
      run: () => Promise.reject(new Error('never run')),
    });
    const [rendered] = renderDiscordCommands([command]);
    expect(rendered).toMatchObject({
      options: [
        { name: 'text', type: 3, required: true, max_length: 6_000 },
        { name: 'whole', type: 4, min_value: 1, max_value: 4 },
        { name: 'real', type: 10, min_value: 0.5, max_value: 1 },
        { name: 'flag', type: 5 },
        { name: 'file', type: 11 },
        { name: 'fixed', type: 3, choices: [{ name: 'A', value: 'a' }] },
        { name: 'open', type: 3, autocomplete: true },
      ],
    });
  });
});

test('names and descriptions in Korean stand beside the English ones', () => {
  const [imagine] = renderDiscordCommands(commands);
  expect(imagine).toMatchObject({
    name: 'imagine',
    name_localizations: { ko: expect.stringMatching(/^\p{Script=Hangul}+$/u) },
    description_localizations: { ko: expect.stringMatching(/\p{Script=Hangul}/u) },
  });
});

describe('registration', () => {
  let server: DiscordServer;
  beforeEach(async () => {
    server = await startDiscordServer();
  });
  afterEach(() => server.close());

  const writes = () =>
    server.requests.filter(({ route, status }) => /^(PUT|POST|PATCH|DELETE) .*commands/.test(route) && status !== null);

  test('writes once, and nothing when nothing has changed', async () => {
    const first = await registerDiscord(configFor(server));
    expect(first.added).toContain('imagine');
    expect(writes()).toHaveLength(1);
    expect(await registerDiscord(configFor(server))).toEqual({ added: [], changed: [], removed: [] });
    expect(writes()).toHaveLength(1);
    expect(server.commands.list(null)).toHaveLength(renderDiscordCommands(commands).length);
  });

  test('in one server only, where the settings say so', async () => {
    const config = configFor(server, { DISCORD_GUILD_ID: server.guild.id });
    await registerDiscord(config);
    await registerDiscord(config);
    expect(writes()).toHaveLength(1);
    expect(server.commands.list(null)).toEqual([]);
    expect(server.commands.list(server.guild.id).length).toBeGreaterThan(5);
  });

  test('a server that the bot is not in is one sentence', async () => {
    const elsewhere = server.addGuild({ name: 'Elsewhere', withBot: false });
    const registering = registerDiscord(configFor(server, { DISCORD_GUILD_ID: elsewhere.id }));
    await expect(registering).rejects.toThrow(/^DISCORD_GUILD_ID: expected a server that the bot was added to/);
  });
});

describe('while somebody types', () => {
  let server: DiscordServer;
  let bot: Bot;
  afterEach(async () => {
    await bot.close();
    await server.close();
  });

  test('models are offered without a look at anything, though there are more than 25', async () => {
    server = await startDiscordServer();
    bot = await openBot(server, { models: 40 });
    const ada = server.addPerson('Ada');
    const before = server.requests.length;
    const all = await ada.autocomplete(server.channel, 'imagine', { prompt: 'a boat', model: '' }, 'model');
    expect(all).toHaveLength(25);
    const some = await ada.autocomplete(server.channel, 'imagine', { prompt: 'a boat', model: 'model 37' }, 'model');
    expect(some).toEqual([{ name: 'Model 37', value: 'model-37' }]);
    expect(server.requests.slice(before).every(({ route }) => route.endsWith('/callback'))).toBe(true);
  });

  test('one’s own unfinished drawings are offered to cancel', async () => {
    server = await startDiscordServer();
    bot = await openBot(server);
    const [ada, bob] = [server.addPerson('Ada'), server.addPerson('Bob')];
    bot.engine.hold();
    await ada.slash(server.channel, 'imagine', { prompt: 'a slow boat' });
    const job = await bot.reached('drawing');
    const own = await ada.autocomplete(server.channel, 'cancel', { job: '' }, 'job');
    expect(own).toEqual([{ name: 'a slow boat', value: job.id }]);
    expect(await bob.autocomplete(server.channel, 'cancel', { job: '' }, 'job')).toEqual([]);
  });
});

describe('“Draw this” in the menu of a message', () => {
  test('draws what the message says; without words it says so in private', async () => {
    const server = await startDiscordServer({ privilegedIntents: 0 });
    const bot = await openBot(server);
    const [ada, bob] = [server.addPerson('Ada'), server.addPerson('Bob')];
    const said = await bob.says(server.channel, 'a red boat at dusk');
    await ada.contextMenu(said, 'Draw this');
    await bot.reached('delivered');
    expect(bot.engine.requests[0]?.prompt).toBe('a red boat at dusk');
    const silent = await bob.says(server.channel, '', { files: [{ name: 'a.bin', bytes: new Uint8Array(3) }] });
    const refused = await ada.contextMenu(silent, 'Draw this');
    expect(refused.isPrivate).toBe(true);
    expect(refused.text).toContain('no text');
    await bot.close();
    await server.close();
  });
});
