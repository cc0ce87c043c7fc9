import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import { textOf } from '../../servers/discord/people/answer.ts';
import { buttonsOf } from '../../servers/discord/people/find-component.ts';
import type { Person } from '../../servers/discord/people/person.ts';
import { type DiscordServer, startDiscordServer } from '../../servers/discord/start.ts';
import type { Message } from '../../servers/discord/world.ts';
import { type Bot, openBot } from './open-discord.ts';

let server: DiscordServer;
let bot: Bot;
let ada: Person;
let bob: Person;

beforeEach(async () => {
  server = await startDiscordServer();
  bot = await openBot(server);
  ada = server.addPerson('Ada');
  bob = server.addPerson('Bob');
});
afterEach(async () => {
  await bot.close();
  await server.close();
});

async function drawn(prompt = 'a red lighthouse'): Promise<Message> {
  const answer = await ada.slash(server.channel, 'imagine', { prompt });
  await bot.reached('delivered', ({ request }) => request.prompt === prompt);
  return answer.message as Message;
}

async function nextResult(known: Message): Promise<Message> {
  return server.waitForMessage(
    server.channel,
    (message) => message !== known && message.attachments.length > 0 && buttonsOf(message).length > 1,
  );
}

describe('buttons under a result', () => {
  test('Vary draws near one picture, says what it derives from, and answers for everybody', async () => {
    const result = await drawn();
    await bob.press(result, 'Vary 2');
    const varied = await nextResult(result);
    expect(bot.engine.requests.at(-1)?.init).toBeDefined();
    const link = `https://discord.com/channels/${server.guild.id}/${server.channel.id}/${result.id}`;
    expect(textOf(varied)).toContain(`a variation of picture 2 of [this result](${link})`);
  });

  test('Enlarge draws one picture, and is not offered again', async () => {
    const result = await drawn();
    await ada.press(result, 'Enlarge 3');
    const large = await nextResult(result);
    expect(large.attachments.map(({ width }) => width)).toEqual([1_024]);
    expect(buttonsOf(large).map(({ label }) => label)).not.toContain('Enlarge 1');
  });

  test('Again draws the same with another seed', async () => {
    const result = await drawn();
    await bob.press(result, 'Again');
    await nextResult(result);
    const [first, second] = bot.engine.requests;
    expect(second?.prompt).toBe(first?.prompt);
    expect(second?.seeds).not.toEqual(first?.seeds);
  });

  test('Edit opens a form with the settings, and draws what comes back', async () => {
    const result = await drawn();
    const answer = await bob.press(result, 'Edit');
    expect(answer.state).toBe('modal');
    await bob.submitModal(answer, { prompt: 'a blue lighthouse', settings: 'steps:7' });
    await nextResult(result);
    expect(bot.engine.requests.at(-1)).toMatchObject({ prompt: 'a blue lighthouse', steps: 7 });
  });

  test('Edit tells in private what is wrong with a setting', async () => {
    const result = await drawn();
    const answer = await bob.submitModal(await bob.press(result, 'Edit'), { settings: 'steps:many' });
    const told = await answer.followUp();
    expect(told.onlyFor).toBe(bob.user);
    expect(textOf(told)).toContain('`steps`');
    for (const settings of ['stepz:3', 'thirty']) {
      const refused = await bob.submitModal(await bob.press(result, 'Edit'), { settings });
      expect(refused.isPrivate).toBe(true);
      expect(refused.text).toContain(settings.split(':')[0]);
    }
    expect(bot.engine.requests).toHaveLength(1);
  });

  test('Edit takes a picture to start from', async () => {
    const result = await drawn();
    const bytes = await encodePng({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(99) });
    const image = [{ name: 'a.png', bytes, contentType: 'image/png' }];
    await bob.submitModal(await bob.press(result, 'Edit'), { image });
    await nextResult(result);
    expect(bot.engine.requests.at(-1)?.init?.strength).toBe(0.6);
  });

  test('Details are for whoever pressed', async () => {
    const result = await drawn();
    const answer = await bob.press(result, 'Details');
    const shown = await answer.shown();
    expect(shown.onlyFor).toBe(bob.user);
    expect(textOf(shown)).toContain('/imagine');
  });

  test('Delete takes the message and the pictures away, for whoever asked for them only', async () => {
    const result = await drawn();
    const refused = await bob.press(result, 'Delete');
    expect(refused.isPrivate).toBe(true);
    expect(refused.text).toContain('somebody else');
    expect(result.deleted).toBe(false);
    const answer = await ada.press(result, 'Delete');
    expect(textOf(await answer.followUp())).toContain('Deleted');
    expect(result.deleted).toBe(true);
  });

  test('Cancel ends a waiting drawing of one’s own only', async () => {
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await answer.shown();
    const refused = await bob.press(message, 'Cancel');
    expect(refused.isPrivate).toBe(true);
    await ada.press(message, 'Cancel');
    await server.waitFor('the cancellation', () => textOf(message).includes('Cancelled.'));
    expect(buttonsOf(message).map(({ label }) => label)).toEqual(['Try again', 'Edit']);
    release();
  });

  test('an admin may delete what others asked for', async () => {
    const result = await drawn();
    await bot.close();
    bot = await openBot(server, { before: bot, config: { ADMIN_USERS: [`discord:${bob.user.id}`, 'slack:U1'] } });
    await bob.press(result, 'Delete');
    await server.waitFor('the deletion', () => result.deleted);
  });

  test('buttons work after a restart', async () => {
    const result = await drawn();
    await bot.close();
    bot = await openBot(server, { before: bot });
    await bob.press(result, 'Vary 1');
    await nextResult(result);
  });

  test('a button that another secret has signed gets a private refusal', async () => {
    const result = await drawn();
    await bot.close();
    bot = await openBot(server, { before: bot, buttonSecret: 'another secret of the tests' });
    const answer = await bob.press(result, 'Again');
    expect(answer.isPrivate).toBe(true);
    expect(answer.text).toContain('do not know this button');
    expect((await bot.jobs.recent(requester(bob), { limit: 5 })).length).toBe(0);
  });
});

function requester(person: Person) {
  return {
    platform: 'discord',
    workspace: server.guild.id,
    userId: person.user.id,
    name: '',
    locale: 'en',
    isAdmin: false,
  } as const;
}
