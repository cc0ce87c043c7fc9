import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textOf } from '../../servers/discord/people/answer.ts';
import { buttonsOf } from '../../servers/discord/people/find-component.ts';
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

const withPictures = (count: number) => (message: { attachments: readonly { filename: string }[] }) =>
  message.attachments.filter(({ filename }) => filename.startsWith('quartet-')).length === count;

describe('/imagine', () => {
  test('is deferred first, and becomes one message with four pictures and their buttons', async () => {
    const ada = server.addPerson('Ada');
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a red lighthouse' });
    expect(answer.interaction.answered).toBe(5);
    const message = await server.waitForMessage(server.channel, withPictures(4));
    expect(message.attachments.map(({ description }) => description)).toEqual(
      [1, 2, 3, 4].map((number) => `a red lighthouse (picture ${number} of 4)`),
    );
    expect(message.attachments.every(({ width, height }) => width === 512 && height === 512)).toBe(true);
    expect(buttonsOf(message).map(({ label }) => label)).toEqual([
      ...[1, 2, 3, 4].map((number) => `Vary ${number}`),
      ...[1, 2, 3, 4].map((number) => `Enlarge ${number}`),
      'Again',
      'Edit',
      'Details',
      'Delete',
    ]);
    expect(textOf(message)).toContain('**a red lighthouse**');
    expect(textOf(message)).toMatch(/seed \d+ · 4 steps · guidance 4 · DDIM · 512x512 · model instant/);
    expect(ada.sees(server.channel)).toEqual([message]);
  });

  test('shows the place in line, then the progress with one preview, in the same message', async () => {
    const release = bot.engine.hold();
    const [ada, bob] = [server.addPerson('Ada'), server.addPerson('Bob')];
    await ada.slash(server.channel, 'imagine', { prompt: 'first', steps: 8 });
    await bot.reached('drawing');
    const answer = await bob.slash(server.channel, 'imagine', { prompt: 'second', steps: 8 });
    const waiting = await answer.shown();
    expect(textOf(waiting)).toContain('Number 1 of 1 in line');
    expect(buttonsOf(waiting).map(({ label }) => label)).toEqual(['Cancel']);
    release();
    await server.waitForMessage(server.channel, (message) => message === waiting && withPictures(4)(message));
    const drawing = waiting.versions.filter(({ attachments }) => attachments.length === 1);
    expect(drawing.every(({ attachments }) => attachments[0]?.filename.startsWith('preview-'))).toBe(true);
  });

  test('rings nobody, whatever the prompt says', async () => {
    const ada = server.addPerson('Ada');
    const bob = server.addPerson('Bob');
    await ada.slash(server.channel, 'imagine', {
      prompt: `@everyone @here <@${bob.user.id}> **loud** [x](https://a.b)`,
    });
    const message = await server.waitForMessage(server.channel, withPictures(4));
    for (const { users, roles, everyone } of [message.mentions]) {
      expect({ users, roles, everyone }).toEqual({ users: [], roles: [], everyone: false });
    }
    expect(server.requests.every(({ json }) => !isMessage(json) || json.allowed_mentions.parse.length === 0)).toBe(
      true,
    );
    expect(textOf(message)).toContain('\\*\\*loud\\*\\*');
    expect(textOf(message)).toContain('\\[x\\]\\(https\\://a.b\\)');
    expect(textOf(message)).not.toContain('@everyone');
  });

  test('starts from an attached picture, fetched from the CDN only', async () => {
    const ada = server.addPerson('Ada');
    const bytes = await picture();
    await ada.slash(server.channel, 'imagine', {
      prompt: 'a boat',
      image: { name: 'a.png', bytes, contentType: 'image/png' },
    });
    await server.waitForMessage(server.channel, withPictures(4));
    expect(bot.engine.requests[0]?.init).toBeDefined();
    expect(server.cdn.requests.map(({ status }) => status)).toEqual([200]);
  });

  test('tells whoever asked in private what is wrong, and leaves nothing in the channel', async () => {
    const ada = server.addPerson('Ada');
    const bob = server.addPerson('Bob');
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat', strength: 0.5 });
    const told = await answer.followUp();
    expect(told.onlyFor).toBe(ada.user);
    expect(textOf(told)).toContain('Expected `image` beside `strength`');
    expect(bob.sees(server.channel)).toEqual([]);
  });

  test('tells a failure in the same message, with a way to try again', async () => {
    const { EngineError } = await import('../../../src/errors.ts');
    bot.engine.failWith(new EngineError('model_failed', 'It broke.'));
    const ada = server.addPerson('Ada');
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await answer.shown();
    await server.waitFor('the failure', () => textOf(message).includes('failed to draw this'));
    expect(buttonsOf(message).map(({ label }) => label)).toEqual(['Try again', 'Edit']);
  });

  test('speaks Korean with somebody whose Discord does', async () => {
    const mina = server.addPerson('Mina', { locale: 'ko' });
    const release = bot.engine.hold();
    await mina.slash(server.channel, 'imagine', { prompt: 'first' });
    await bot.reached('drawing');
    const answer = await mina.slash(server.channel, 'imagine', { prompt: 'second' });
    expect(textOf(await answer.shown())).toContain('번째');
    release();
    await server.waitForMessage(server.channel, withPictures(4));
  });
});

test('a note for whoever asked comes in private, once the answer itself is there', async () => {
  await bot.close();
  const words = { things: ['boat'] };
  bot = await openBot(server, { engine: { model: { vocabulary: words, knownWords: words } } });
  const ada = server.addPerson('Ada');
  const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a zebra' });
  const note = await answer.followUp();
  expect(note.onlyFor).toBe(ada.user);
  expect(textOf(note)).toContain('It can draw');
  await server.waitForMessage(server.channel, withPictures(4));
  expect(answer.message?.onlyFor).toBeNull();
  expect(answer.message?.content).toBe('');
});

describe('the edit budget', () => {
  test('is kept while a drawing has hundreds of steps: nothing is answered 429', async () => {
    const ada = server.addPerson('Ada');
    await ada.slash(server.channel, 'imagine', { prompt: 'slow', steps: 150 });
    await server.waitForMessage(server.channel, withPictures(4));
    expect(server.requests.filter(({ status }) => status === 429)).toEqual([]);
  });
});

function isMessage(json: unknown): json is { allowed_mentions: { parse: string[] } } {
  return typeof json === 'object' && json !== null && 'allowed_mentions' in json;
}

async function picture(): Promise<Uint8Array> {
  const { encodePng } = await import('../../../src/images/png.ts');
  return encodePng({ width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(200) });
}
