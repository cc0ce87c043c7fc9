import { GatewayIntentBits } from 'discord.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import { textOf } from '../../servers/discord/people/answer.ts';
import type { Person } from '../../servers/discord/people/person.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import { type Channel, type Message, messagesIn } from '../../servers/discord/world.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;
let ada: Person;

async function open(privilegedIntents: number, config: Parameters<typeof openBot>[1] = {}) {
  server = await startDiscordServer({ privilegedIntents });
  bot = await openBot(server, config);
  ada = server.addPerson('Ada');
}
afterEach(async () => {
  await bot.close();
  await server.close();
});

const shows = (count: number) => (message: Message) =>
  message.attachments.filter(({ filename }) => filename.startsWith('quartet-')).length === count;
const mention = () => `<@${server.bot.id}>`;

async function drawn(channel: Channel = server.channel): Promise<Message> {
  await ada.slash(channel, 'imagine', { prompt: 'a red lighthouse', seed: 7, steps: 5 });
  await bot.reached('delivered');
  return server.waitForMessage(channel, shows(4));
}
const another = (channel: Channel, known: Message) =>
  server.waitForMessage(channel, (message) => message !== known && shows(4)(message));

describe('without the Message Content intent', () => {
  beforeEach(() => open(0));

  test('a mention is a prompt, with options, and is answered as a reply', async () => {
    const asked = await ada.says(server.channel, `${mention()} a red boat seed:11`);
    const message = await server.waitForMessage(server.channel, shows(4));
    expect(bot.engine.requests[0]).toMatchObject({ prompt: 'a red boat', seeds: [11, 12, 13, 14] });
    expect(message.replyTo?.messageId).toBe(asked.id);
  });

  test('a picture beside a mention is where the drawing starts', async () => {
    const bytes = await encodePng({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(99) });
    await ada.says(server.channel, `${mention()} a red boat`, {
      files: [{ name: 'a.png', bytes, contentType: 'image/png' }],
    });
    await server.waitForMessage(server.channel, shows(4));
    expect(bot.engine.requests[0]?.init).toBeDefined();
  });

  test('a reply to a result draws its words with that result’s settings, in the same channel', async () => {
    const result = await drawn();
    await ada.says(server.channel, 'a blue lighthouse', { replyTo: result });
    await another(server.channel, result);
    expect(bot.engine.requests.at(-1)).toMatchObject({ prompt: 'a blue lighthouse', steps: 5, seeds: [7, 8, 9, 10] });
  });

  test('a mention in a thread is answered in that thread', async () => {
    const thread = server.addThread({ parent: server.channel, name: 'boats', owner: ada.user });
    await ada.says(thread, `${mention()} a boat`);
    await server.waitForMessage(thread, shows(4));
  });

  test('a direct message is a prompt', async () => {
    const direct = server.directMessages(ada);
    await ada.says(direct, 'a green boat');
    await server.waitForMessage(direct, shows(4));
    expect(bot.engine.requests[0]?.prompt).toBe('a green boat');
  });

  test('a mention alone is told what to do; other talk is left alone', async () => {
    await ada.says(server.channel, 'good morning');
    await ada.says(server.channel, mention());
    const told = await server.waitForMessage(server.channel, ({ author }) => author === server.bot);
    expect(textOf(told)).toContain('what you would like to see');
    expect(messagesIn(server.world, server.channel)).toHaveLength(3);
  });

  test('a wrong option is answered with what is wrong, and nothing is drawn', async () => {
    await ada.says(server.channel, `${mention()} a boat steps:900`);
    const told = await server.waitForMessage(server.channel, (message) => textOf(message).includes('Expected'));
    expect(textOf(told)).toContain('Expected `steps` to be 1-150, got 900');
    expect(bot.engine.requests).toEqual([]);
  });

  test('the same message twice is one job and one answer', async () => {
    server.gateway.duplicateNext('MESSAGE_CREATE');
    await ada.says(server.channel, `${mention()} a boat`);
    await bot.reached('delivered');
    expect(bot.engine.requests).toHaveLength(1);
    expect(messagesIn(server.world, server.channel).filter(({ author }) => author === server.bot)).toHaveLength(1);
  });

  test('50013 where it may not write: the person is told in a direct message', async () => {
    server.deny(server.channel, server.bot, 'SendMessages');
    await ada.says(server.channel, `${mention()} a boat`);
    const told = await server.waitForMessage(server.directMessages(ada));
    expect(textOf(told)).toContain('Send Messages');
    expect(bot.engine.requests).toEqual([]);
  });

  test('@everyone in a mention’s prompt rings nobody', async () => {
    await ada.says(server.channel, `${mention()} a boat for @everyone`);
    const message = await server.waitForMessage(server.channel, shows(4));
    expect(message.mentions).toEqual({ users: [], roles: [], everyone: false });
  });
});

describe('with the Message Content intent switched on', () => {
  beforeEach(() => open(GatewayIntentBits.MessageContent));

  test('words in the thread of a result draw with its settings, in that thread', async () => {
    const result = await drawn();
    const thread = server.addThread({ parent: server.channel, name: 'boats', owner: ada.user, from: result });
    await ada.says(thread, 'a blue lighthouse');
    await server.waitForMessage(thread, shows(4));
    expect(bot.engine.requests.at(-1)).toMatchObject({ prompt: 'a blue lighthouse', steps: 5 });
  });

  test('words in a thread without a result are left alone', async () => {
    const thread = server.addThread({ parent: server.channel, name: 'talk', owner: ada.user });
    await ada.says(thread, 'good morning');
    await ada.says(server.channel, `${mention()} a boat`);
    await server.waitForMessage(server.channel, shows(4));
    expect(bot.engine.requests).toHaveLength(1);
  });
});

describe('where the bot draws', () => {
  test('a forum post is answered in the post', async () => {
    await open(0);
    const forum = server.addChannel({ guild: server.guild, name: 'gallery', kind: 'forum' });
    const post = server.addThread({ parent: forum, name: 'boats', owner: ada.user });
    await drawn(post);
    const job = await bot.reached('delivered');
    expect(job.replyTo).toMatchObject({ channel: forum.id, thread: post.id });
  });

  test('an allow-list matches a thread’s parent', async () => {
    server = await startDiscordServer();
    bot = await openBot(server, { config: { DISCORD_CHANNELS: [server.channel.id] } });
    ada = server.addPerson('Ada');
    const other = server.addChannel({ guild: server.guild, name: 'talk' });
    const thread = server.addThread({ parent: server.channel, name: 'boats', owner: ada.user });
    await drawn(thread);
    const refused = await ada.slash(other, 'imagine', { prompt: 'a boat' });
    expect(refused.isPrivate).toBe(true);
    expect(refused.text).toContain(`<#${server.channel.id}>`);
    const help = await ada.slash(other, 'help');
    await help.shown();
  });

  test.each([true, false])(
    'the core knows whether only adults are there, in threads too (%s)',
    async (ageRestricted) => {
      await open(0);
      const channel = server.addChannel({ guild: server.guild, name: 'place', ageRestricted });
      const thread = server.addThread({ parent: channel, name: 'boats', owner: ada.user });
      for (const place of [channel, thread]) {
        await drawn(place);
        const here = place === thread ? thread.id : null;
        const job = await bot.reached('delivered', ({ replyTo }) => replyTo.thread === here);
        expect(job.replyTo.ageRestricted).toBe(ageRestricted);
      }
    },
  );

  test('a server that only its user brought the bot to: everything goes through the interaction', async () => {
    await open(0);
    const guild = server.addGuild({ name: 'Elsewhere', withBot: false });
    const channel = server.addChannel({ guild, name: 'talk' });
    const bea = server.addPerson('Bea', { guilds: [guild], hasApp: true });
    const release = bot.engine.hold();
    const answer = await bea.slash(channel, 'imagine', { prompt: 'a boat' });
    await answer.shown();
    release();
    await bot.reached('delivered');
    expect(answer.message?.attachments).toHaveLength(4);
    expect(server.requests.filter(({ route }) => route.includes('/channels/'))).toEqual([]);
  });

  test('the same after 15 minutes, or after a restart inside them', async () => {
    await open(0);
    const guild = server.addGuild({ name: 'Elsewhere', withBot: false });
    const channel = server.addChannel({ guild, name: 'talk' });
    const bea = server.addPerson('Bea', { guilds: [server.guild, guild], hasApp: true });
    bot.engine.hold();
    const answer = await bea.slash(channel, 'imagine', { prompt: 'within' });
    await answer.shown();
    await bot.close();
    bot = await openBot(server, { before: bot });
    await bot.reached('delivered');
    expect(answer.message?.attachments).toHaveLength(4);

    const release = bot.engine.hold();
    await (await bea.slash(channel, 'imagine', { prompt: 'too late' })).shown();
    server.clock.advance(15 * 60_000 + 1_000);
    release();
    await server.waitForMessage(server.directMessages(bea), shows(4));
  });

  test('a group without the bot', async () => {
    await open(0);
    const [bea, cem] = [server.addPerson('Bea', { hasApp: true }), server.addPerson('Cem')];
    const answer = await bea.slash(server.addGroup([bea, cem]), 'imagine', { prompt: 'a boat' });
    await bot.reached('delivered');
    expect(answer.message?.attachments).toHaveLength(4);
  });
});
