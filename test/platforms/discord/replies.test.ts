import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textOf } from '../../servers/discord/people/answer.ts';
import type { Person } from '../../servers/discord/people/person.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;
let ada: Person;

beforeEach(async () => {
  server = await startDiscordServer();
  bot = await openBot(server);
  ada = server.addPerson('Ada');
});
afterEach(async () => {
  await bot.close();
  await server.close();
});

describe('answers for whoever asked only', () => {
  test.each(['queue', 'history', 'models', 'styles', 'settings', 'help', 'cancel', 'forget-me'])(
    '/%s',
    async (name) => {
      const answer = await ada.slash(server.channel, name);
      const message = await answer.shown();
      expect(message.onlyFor).toBe(ada.user);
      expect(textOf(message).length).toBeGreaterThan(10);
      expect(textOf(message).length).toBeLessThanOrEqual(2_000);
    },
  );

  test('/history shows a page of ten results, each with its pictures and a link', async () => {
    for (let index = 0; index < 11; index += 1) {
      // Each in a channel of its own, so that no rate limit makes the test slow.
      const channel = server.addChannel({ guild: server.guild, name: `boats-${index}` });
      const prompt = `${'a very long prompt '.repeat(90)}${index}`;
      await ada.slash(channel, 'imagine', { prompt, count: 1 });
      await bot.reached('delivered', ({ request }) => request.prompt === prompt);
    }
    const message = await (await ada.slash(server.channel, 'history')).shown();
    expect(message.onlyFor).toBe(ada.user);
    expect(message.attachments).toHaveLength(10);
    expect(textOf(message).match(/https:\/\/discord\.com\/channels\//g)).toHaveLength(10);
    expect(textOf(message)).toContain('/history page:2');
    const second = await (await ada.slash(server.channel, 'history', { page: 2 })).shown();
    expect(second.attachments).toHaveLength(1);
  }, 60_000);

  test('details of a long prompt come in as many messages as they need', async () => {
    const prompt = 'word '.repeat(370).trim();
    const answer = await ada.slash(server.channel, 'imagine', { prompt, negative: prompt, count: 1 });
    await bot.reached('delivered');
    const details = await ada.press(answer.message as never, 'Details');
    const first = await details.shown();
    const second = await details.followUp();
    for (const message of [first, second]) {
      expect(message.onlyFor).toBe(ada.user);
      expect(message.content.length).toBeLessThanOrEqual(2_000);
    }
  });
});
