import type { APIMessageTopLevelComponent } from 'discord.js';
import { ComponentType } from 'discord.js';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textOf } from '../../servers/discord/people/answer.ts';
import { buttonsOf } from '../../servers/discord/people/find-component.ts';
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

async function reopen(options: Parameters<typeof openBot>[1]): Promise<void> {
  await bot.close();
  bot = await openBot(server, options);
}

const shows = (count: number) => (message: { attachments: readonly { filename: string }[] }) =>
  message.attachments.filter(({ filename }) => filename.startsWith('quartet-')).length === count;

/** White on the left, black on the right. */
async function half(name: string) {
  const white = await sharp({ create: { width: 32, height: 64, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } })
    .composite([{ input: white, left: 0, top: 0 }])
    .png()
    .toBuffer();
  return { name, bytes, contentType: 'image/png' };
}

describe('pictures that go along', () => {
  test('with /imagine are options of their own', async () => {
    await ada.slash(server.channel, 'imagine', {
      prompt: 'a boat',
      size: '64x64',
      image: await half('photo.png'),
      mask: await half('any.png'),
      control: await half('other.png'),
      control_kind: 'depth',
      control_strength: 0.5,
      lora_strength: 1.5,
      speed: 'fast',
    });
    const message = await server.waitForMessage(server.channel, shows(4));
    const [request] = bot.engine.requests;
    expect(request?.init?.mask?.data.length).toBe(64 * 64);
    expect(request?.control).toMatchObject({ kind: 'depth', scale: 0.5 });
    expect(request).toMatchObject({ loraScale: 1.5, speed: 'fast' });
    expect(textOf(message)).toContain('painted within · control: Depth, 0.5 · LoRA 1.5 · speed fast');
  });

  test('with a mention are told apart by their names', async () => {
    const files = [await half('photo.png'), await half('my-mask.png'), await half('Scribble 2.png')];
    await ada.says(server.channel, `<@${server.bot.id}> a boat size:64x64`, { files });
    await server.waitForMessage(server.channel, shows(4));
    const [request] = bot.engine.requests;
    expect(request?.init?.mask).toBeDefined();
    expect(request?.control).toMatchObject({ kind: 'scribble', scale: 1 });
  });

  test('with a reply to a result paint over that result', async () => {
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat', size: '64x64' });
    const result = await server.waitForMessage(server.channel, shows(4));
    await bot.reached('delivered');
    const files = [await half('mask.png')];
    await ada.says(server.channel, 'a whale instead picture:2', { replyTo: result, files });
    const painted = await server.waitForMessage(server.channel, (message) => message !== result && shows(4)(message));
    expect(textOf(painted)).toContain('a changed drawing of picture 2 of [this result]');
    expect(bot.engine.requests.at(-1)).toMatchObject({ prompt: 'a whale instead', init: { strength: 0.9 } });
  });

  test('with a reply to a result of several ask which of them is meant', async () => {
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat', size: '64x64' });
    const result = await server.waitForMessage(server.channel, shows(4));
    await bot.reached('delivered');
    const files = [await half('mask.png')];
    const refused = await ada.says(server.channel, 'a whale instead', { replyTo: result, files });
    await server.waitForMessage(
      server.channel,
      (message) => message.replyTo?.messageId === refused.id && textOf(message).includes('which of the 4 pictures'),
    );
  });

  test('in the form behind Edit are a picture and a mask, as many as a form holds', async () => {
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat', size: '64x64', count: 1 });
    const result = await server.waitForMessage(server.channel, shows(1));
    await bot.reached('delivered');
    const answer = await ada.press(result, 'Edit');
    await ada.submitModal(answer, { prompt: 'a whale', mask: [await half('paint.png')] });
    await bot.reached('delivered', ({ request }) => request.prompt === 'a whale');
    expect(bot.engine.requests.at(-1)?.init?.mask).toBeDefined();
  });

  test('that nothing can be done with are refused to the asker alone', async () => {
    await reopen({ engine: { model: { canPaintWithin: false } } });
    const bob = server.addPerson('Bob');
    const answer = await ada.slash(server.channel, 'imagine', {
      prompt: 'a boat',
      image: await half('photo.png'),
      mask: await half('mask.png'),
    });
    const told = await answer.followUp();
    expect(told.onlyFor).toBe(ada.user);
    expect(textOf(told)).toContain('`instant` cannot draw a part of a picture anew.');
    expect(bob.sees(server.channel)).toEqual([]);
  });
});

describe('pictures that the model takes for unsafe', () => {
  const engine = { unsafe: [0, 0.8, 0, 0.5] };

  test('are withheld, which is said, and nothing can be done with them', async () => {
    await reopen({ engine });
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    const message = await server.waitForMessage(server.channel, shows(2));
    expect(message.attachments.map(({ filename }) => filename.at(-5))).toEqual(['1', '3']);
    expect(textOf(message)).toContain(
      '2 of the 4 pictures are withheld: the model’s own safety checker takes them for unsafe.',
    );
    const labels = buttonsOf(message).map(({ label }) => label);
    expect(labels.slice(0, 4)).toEqual(['Vary 1', 'Vary 3', 'Enlarge 1', 'Enlarge 3']);
  });

  test('all of them leave a message without pictures, and a way to go on', async () => {
    await reopen({ engine: { unsafe: [1, 1, 1, 1] } });
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await bot.reached('delivered');
    const message = await answer.shown();
    expect(message.attachments).toEqual([]);
    expect(textOf(message)).toContain('All 4 pictures are withheld');
    expect(buttonsOf(message).map(({ label }) => label)).toEqual(['Again', 'Edit', 'Details', 'Delete']);
  });

  test('are behind a cover where only adults are, with their buttons', async () => {
    await reopen({ engine });
    const channel = server.addChannel({ guild: server.guild, name: 'adults', ageRestricted: true });
    await ada.slash(channel, 'imagine', { prompt: 'a boat' });
    const message = await server.waitForMessage(channel, shows(4));
    expect(coversOf(message.components)).toEqual([false, true, false, true]);
    expect(textOf(message)).not.toContain('withheld');
    expect(buttonsOf(message).map(({ label }) => label)).toContain('Enlarge 2');
  });

  test('are withheld as well after a restart between drawing and posting', async () => {
    await reopen({ engine });
    const release = bot.engine.hold();
    const answer = await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await answer.shown();
    // Discord is away just then, and the process ends before it is back.
    server.misbehave({ on: 'PATCH /channels/:channel/messages/:message', answer: 503, times: 50 });
    release();
    await bot.reached('drawn');
    await bot.close();
    server.behave();
    bot = await openBot(server, { before: bot });
    const message = await server.waitForMessage(server.channel, shows(2));
    expect(textOf(message)).toContain('2 of the 4 pictures are withheld');
  });

  test('are not in one’s history', async () => {
    await reopen({ engine: { unsafe: [1, 1, 1, 1] } });
    await ada.slash(server.channel, 'imagine', { prompt: 'a boat' });
    await bot.reached('delivered');
    const history = await ada.slash(server.channel, 'history');
    const shown = await history.shown();
    expect(textOf(shown)).toContain('a boat');
    expect(shown.attachments).toEqual([]);
  });
});

/** Of each picture in the message's gallery, whether it is covered. */
function coversOf(components: unknown): boolean[] {
  // The server has checked the shape.
  return (components as APIMessageTopLevelComponent[]).flatMap((component) =>
    component.type === ComponentType.MediaGallery ? component.items.map(({ spoiler }) => spoiler === true) : [],
  );
}
