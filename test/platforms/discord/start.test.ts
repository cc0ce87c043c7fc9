import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;
afterEach(async () => {
  await bot.close();
  await server.close();
});

async function failedStart(prepare: () => void, config = {}): Promise<unknown> {
  bot = await openBot(server, { start: false, config });
  prepare();
  return bot.platform.start().catch((error: unknown) => error);
}

describe('a start that cannot succeed is one sentence', () => {
  test('a wrong token', async () => {
    server = await startDiscordServer();
    const error = await failedStart(() => undefined, { DISCORD_TOKEN: 'wrong-token-of-twenty' });
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([expect.stringMatching(/^DISCORD_TOKEN: .*does not know/)]);
  });

  test.each([
    [4_004, /^DISCORD_TOKEN: .*\(4004\)/],
    [4_013, /intents Guilds.*\(4013\)/],
    [4_014, /Message Content \(4014\); switch it on at https:\/\/discord\.com\/developers\/applications, page Bot/],
  ])('close code %i', async (code, sentence) => {
    server = await startDiscordServer();
    let isOver = false;
    const closeAll = () => {
      server.gateway.disconnect(code);
      if (!isOver) setImmediate(closeAll);
    };
    const error = await failedStart(closeAll);
    isOver = true;
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toHaveLength(1);
    expect((error as ConfigError).message).toMatch(sentence);
  });

  test('no Discord at that address', async () => {
    server = await startDiscordServer();
    const error = await failedStart(() => undefined, { DISCORD_API_URL: 'http://127.0.0.1:9/api' });
    expect((error as ConfigError).message).toMatch(/^DISCORD_API_URL: expected Discord at/);
  });
});

describe('a start that succeeds', () => {
  test('asks for Message Content only where it is switched on', async () => {
    server = await startDiscordServer({ privilegedIntents: 0 });
    bot = await openBot(server);
    expect(server.gateway.sessions.map(({ intents }) => intents & (1 << 15))).toEqual([0]);
  });

  test('opens as many shards as Discord wants', async () => {
    server = await startDiscordServer({ gateway: { shards: 2 } });
    bot = await openBot(server);
    expect(server.gateway.sessions).toHaveLength(2);
    const ada = server.addPerson('Ada');
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await bot.reached('delivered');
  });
});

test('a token that is reset while the bot runs is written down, and ends nothing', async () => {
  server = await startDiscordServer();
  bot = await openBot(server);
  server.gateway.disconnect(4_004);
  await bot.logged(/DISCORD_TOKEN: .*\(4004\)/);
});
