import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;

beforeEach(async () => {
  server = await startDiscordServer();
  bot = await openBot(server);
});
afterEach(async () => {
  await bot.close();
  await server.close();
});

describe('/imagine', () => {
  test('becomes four pictures with buttons', async () => {
    const ada = server.addPerson('Ada');
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a red lighthouse' });
    expect(answer.interaction.answered).toBe(5);
    const message = await server.waitForMessage(server.channel, ({ attachments }) => attachments.length === 4);
    expect(message.versions.length).toBeGreaterThan(0);
  });
});
