import {
  type Attachment,
  AttachmentBuilder,
  ButtonBuilder,
  ButtonStyle,
  type Client,
  ComponentType,
  type GuildTextBasedChannel,
  MessageFlags,
  Routes,
} from 'discord.js';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { textOf } from './people/answer.ts';
import { createClient, logIn } from './real-client.ts';
import { type DiscordServer, startDiscordServer } from './start.ts';

const quick = { limit: 1000, windowMs: 1000 };
let discord: DiscordServer;
let client: Client<true>;
let channel: GuildTextBasedChannel;

beforeEach(async () => {
  discord = await startDiscordServer({ rateLimits: { messages: quick, deletions: quick, reactions: quick } });
  client = await logIn(createClient(discord), discord.token);
  channel = client.channels.cache.get(discord.channel.id) as GuildTextBasedChannel;
});
afterEach(async () => {
  await client.destroy();
  await discord.close();
});

const png = () =>
  sharp({ create: { width: 8, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer();

/** A message of components that shows these files. */
const gallery = (...names: string[]) => ({
  flags: MessageFlags.IsComponentsV2 as const,
  components: [
    { type: ComponentType.TextDisplay, content: 'four boats' },
    { type: ComponentType.MediaGallery, items: names.map((name) => ({ media: { url: `attachment://${name}` } })) },
  ],
});

/** The path of each field that was refused. */
async function refusedFields(request: Promise<unknown>): Promise<string[]> {
  const error = (await request.then(
    () => {
      throw new Error('Expected a refusal.');
    },
    (reason: unknown) => reason,
  )) as { code: number; rawError: { errors: Record<string, unknown> } };
  expect(error.code).toBe(50035);
  const paths = (node: object, path: string[]): string[] =>
    Object.entries(node).flatMap(([key, value]) =>
      key === '_errors' ? [path.join('.')] : paths(value as object, [...path, key]),
    );
  return paths(error.rawError.errors, []);
}

test('pictures are posted in a gallery, kept with size and alt text, and can be fetched from the CDN', async () => {
  const file = new AttachmentBuilder(await png(), { name: 'a boat.png', description: 'a red boat' });
  const sent = await channel.send({ ...gallery('a_boat.png'), files: [file] });
  const stored = discord.world.messages.get(sent.id);
  expect(stored?.attachments[0]).toMatchObject({
    filename: 'a_boat.png',
    width: 8,
    height: 4,
    contentType: 'image/png',
  });
  expect(stored?.attachments[0]?.description).toBe('a red boat');
  expect(sent.attachments.size).toBe(0);
  const shown = sent.components[1]?.toJSON() as { items: { media: { url: string } }[] };
  const fetched = await fetch(shown.items[0]?.media.url ?? '');
  expect(Buffer.from(await fetched.arrayBuffer())).toEqual(await png());
});

test('a gallery that shows a file which is not there is refused', async () => {
  const files = [new AttachmentBuilder(await png(), { name: 'a.png' })];
  expect(await refusedFields(channel.send({ ...gallery('b.png'), files }))).toEqual(['components.1.items.0.media.url']);
});

test('an edit keeps listed files only, adds new ones, and every state is remembered', async () => {
  const sent = await channel.send({
    files: [
      { attachment: await png(), name: 'a.png' },
      { attachment: await png(), name: 'b.png' },
    ],
  });
  const kept = sent.attachments.find((file) => file.name === 'b.png') as Attachment;
  await sent.edit({ content: 'two now', attachments: [kept], files: [{ attachment: await png(), name: 'c.png' }] });
  const stored = discord.world.messages.get(sent.id);
  expect(stored?.attachments.map((file) => file.filename)).toEqual(['b.png', 'c.png']);
  expect(stored?.versions.map((version) => version.attachments.map((file) => file.filename))).toEqual([
    ['a.png', 'b.png'],
    ['b.png', 'c.png'],
  ]);
  await sent.edit({ content: 'still two' });
  expect(stored?.attachments).toHaveLength(2);
});

test('new files of an edit that are not listed in attachments cannot be shown by components', async () => {
  const sent = await channel.send('soon');
  const body = { content: '', ...gallery('a.png') };
  const files = [{ name: 'a.png', data: await png() }];
  expect(await refusedFields(client.rest.patch(Routes.channelMessage(channel.id, sent.id), { body, files }))).toEqual([
    'components.1.items.0.media.url',
  ]);
  await client.rest.patch(Routes.channelMessage(channel.id, sent.id), {
    body: { ...body, attachments: [{ id: 0 }] },
    files,
  });
  expect(discord.world.messages.get(sent.id)?.attachments).toHaveLength(1);
});

test('a link expires after a day, and a fetched message has a fresh one', async () => {
  const sent = await channel.send({ files: [{ attachment: await png(), name: 'a.png' }] });
  const url = sent.attachments.first()?.url ?? '';
  discord.clock.advance(25 * 3_600_000);
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(url.replace(/hm=./, 'hm=x'))).status).toBe(404);
  const again = await channel.messages.fetch({ message: sent.id, force: true });
  expect((await fetch(again.attachments.first()?.url ?? '')).status).toBe(200);
});

test('a file over the limit is refused with 40005, and a request over 25 MiB as well', async () => {
  const post = (...sizes: number[]) =>
    channel.send({ files: sizes.map((size, index) => ({ attachment: Buffer.alloc(size), name: `${index}.bin` })) });
  await expect(post(10 * 2 ** 20 + 1)).rejects.toMatchObject({ code: 40005, status: 413 });
  await expect(post(9 * 2 ** 20, 9 * 2 ** 20, 9 * 2 ** 20)).rejects.toMatchObject({ code: 40005, status: 413 });
  await expect(post(...Array<number>(11).fill(1))).rejects.toMatchObject({ code: 30015 });
  await post(10 * 2 ** 20);
});

test('messages that are too long, empty or badly built are refused by field', async () => {
  const button = (customId: string, label: string) =>
    new ButtonBuilder().setCustomId(customId).setLabel(label).setStyle(ButtonStyle.Primary).toJSON();
  const row = (...buttons: ReturnType<typeof button>[]) => [{ type: 1, components: buttons }];
  const post = (body: object) => client.rest.post(Routes.channelMessages(channel.id), { body });
  await expect(post({ content: ' ' })).rejects.toMatchObject({ code: 50006 });
  expect(await refusedFields(post({ content: 'x'.repeat(2001) }))).toEqual(['content']);
  const twins = row(button('same', 'a'), button('same', 'b'));
  expect(await refusedFields(post({ components: twins }))).toEqual(['components.0.components.1.custom_id']);
  const six = row(...['1', '2', '3', '4', '5', '6'].map((name) => button(name, name)));
  expect(await refusedFields(post({ components: six }))).toEqual(['components.0.components']);
  const raw = (fields: object) => [{ type: 1, components: [{ type: 2, style: 1, ...fields }] }];
  expect(await refusedFields(post({ components: raw({ custom_id: 'x'.repeat(101), label: 'y'.repeat(81) }) }))).toEqual(
    ['components.0.components.0.label', 'components.0.components.0.custom_id'],
  );
  expect(await refusedFields(post({ components: raw({ label: 'no id' }) }))).toEqual([
    'components.0.components.0.custom_id',
  ]);
  expect(await refusedFields(post({ components: [{ type: 10, content: 'text' }] }))).toEqual(['components.0.type']);
});

test('components of the second version exclude content, and are limited to 40 and 4000 characters', async () => {
  const { flags, components } = gallery();
  const text = components[0];
  const post = (body: object) => client.rest.post(Routes.channelMessages(channel.id), { body: { flags, ...body } });
  expect(await refusedFields(post({ content: 'old', components: [text] }))).toEqual(['content']);
  expect(await refusedFields(post({ components: Array(41).fill(text) }))).toEqual(['components']);
  expect(
    await refusedFields(
      post({
        components: [
          { type: 10, content: 'x'.repeat(3000) },
          { type: 10, content: 'x'.repeat(1001) },
        ],
      }),
    ),
  ).toEqual(['components']);
  expect(await refusedFields(post({ components: [{ type: 12, items: [] }] }))).toEqual(['components.0.items']);
  const eleven = Array(11).fill({ media: { url: 'https://example.org/a.png' } });
  expect(await refusedFields(post({ components: [{ type: 12, items: eleven }] }))).toEqual(['components.0.items']);
  const sent = (await post({ components: [text] })) as { id: string };
  const edit = client.rest.patch(Routes.channelMessage(channel.id, sent.id), { body: { flags: 0, content: 'back' } });
  expect(await refusedFields(edit)).toEqual(['content']);
});

test('unknown fields are ignored', async () => {
  const body = {
    content: 'fine',
    colour: 'red',
    components: [{ type: 1, components: [{ type: 2, style: 1, custom_id: 'a', label: 'A', size: 7 }] }],
  };
  await client.rest.post(Routes.channelMessages(channel.id), { body });
  await discord.waitForMessage(discord.channel, (message) => message.content === 'fine');
});

test('the same nonce gives the same message, also when two requests race', async () => {
  const body = { content: 'once', nonce: 'job-7', enforce_nonce: true };
  const post = () => client.rest.post(Routes.channelMessages(channel.id), { body }) as Promise<{ id: string }>;
  const [first, second] = await Promise.all([post(), post()]);
  const third = await post();
  expect(new Set([first.id, second.id, third.id]).size).toBe(1);
  discord.clock.advance(10 * 60_000);
  expect((await post()).id).not.toBe(first.id);
  const long = { ...body, nonce: 'x'.repeat(26) };
  expect(await refusedFields(client.rest.post(Routes.channelMessages(channel.id), { body: long }))).toEqual(['nonce']);
});

test('it is recorded whom a message would ring', async () => {
  const ana = discord.addPerson('Ana');
  const role = discord.addRole(discord.guild, 'artists');
  const content = `@everyone ${ana.mention} <@&${role.id}> \`@here\``;
  const loud = await channel.send({ content, allowedMentions: { parse: ['everyone', 'roles', 'users'] } });
  const quiet = await channel.send({ content, allowedMentions: { parse: [] } });
  const some = await channel.send({ content, allowedMentions: { users: [ana.user.id] } });
  const mentions = (id: string) => discord.world.messages.get(id)?.mentions;
  expect(mentions(loud.id)).toEqual({ users: [ana.user.id], roles: [role.id], everyone: true });
  expect(mentions(quiet.id)).toEqual({ users: [], roles: [], everyone: false });
  expect(mentions(some.id)).toEqual({ users: [ana.user.id], roles: [], everyone: false });
  const both = { content, allowed_mentions: { parse: ['users'], users: [ana.user.id] } };
  expect(await refusedFields(client.rest.post(Routes.channelMessages(channel.id), { body: both }))).toEqual([
    'allowed_mentions',
  ]);
});

test('what is gone or closed is refused with its own code', async () => {
  const ana = discord.addPerson('Ana');
  const hers = await ana.says(discord.channel, 'mine');
  const sent = await channel.send('mine too');
  const closed = discord.addChannel({ guild: discord.guild, name: 'closed' });
  const mute = discord.addChannel({ guild: discord.guild, name: 'mute' });
  discord.deny(closed, discord.bot, 'ViewChannel');
  discord.deny(mute, discord.bot, ['SendMessages']);
  const post = (id: string, more: object = {}) =>
    client.rest.post(Routes.channelMessages(id), { body: { content: 'x' }, ...more });
  await expect(
    client.rest.patch(Routes.channelMessage(channel.id, hers.id), { body: { content: 'x' } }),
  ).rejects.toMatchObject({ code: 50005, status: 403 });
  await expect(post(closed.id)).rejects.toMatchObject({ code: 50001, status: 403 });
  await expect(post(mute.id)).rejects.toMatchObject({ code: 50013, status: 403 });
  discord.deny(discord.channel, discord.bot, ['AttachFiles']);
  await expect(post(channel.id, { files: [{ name: 'a', data: 'b' }] })).rejects.toMatchObject({ code: 50013 });
  ana.deletes(discord.world.messages.get(sent.id) as never);
  await expect(client.rest.get(Routes.channelMessage(channel.id, sent.id))).rejects.toMatchObject({
    code: 10008,
    status: 404,
  });
  discord.removeChannel(mute);
  await expect(post(mute.id)).rejects.toMatchObject({ code: 10003, status: 404 });
  discord.removeBot(discord.guild);
  await expect(post(channel.id)).rejects.toMatchObject({ code: 50001 });
});

test('direct messages reach a person, unless they refuse them', async () => {
  const ana = discord.addPerson('Ana');
  await client.users.send(ana.user.id, 'hello');
  await discord.waitForMessage(discord.directMessages(ana), (message) => message.content === 'hello');
  ana.user.refusesMessages = true;
  await expect(client.users.send(ana.user.id, 'again')).rejects.toMatchObject({ code: 50007 });
});

test('threads and forum posts are made, written in, archived and locked', async () => {
  const sent = await channel.send('a result');
  const thread = await sent.startThread({ name: 'more of it' });
  await thread.send('in the thread');
  await discord.waitFor('the thread', () => discord.world.channels.get(thread.id)?.parentId === channel.id);
  expect(thread.id).toBe(sent.id);
  await expect(sent.startThread({ name: 'again' })).rejects.toThrow();
  await thread.setArchived(true);
  const inThread = thread.lastMessage ?? (await thread.messages.fetch()).first();
  await expect(inThread?.edit('later')).rejects.toMatchObject({ code: 50083 });
  const forum = discord.addChannel({ guild: discord.guild, name: 'showcase', kind: 'forum' });
  const post = (await client.rest.post(Routes.threads(forum.id), {
    body: { name: 'boats', message: { content: 'first' } },
  })) as { id: string };
  await discord.waitForMessage(discord.world.channels.get(post.id) as never, (message) => message.content === 'first');
  const hers = await discord.addPerson('Ana').posts(forum, 'a question', 'can it draw?');
  await expect(client.rest.get(Routes.channelMessage(hers.id, hers.id))).resolves.toMatchObject({
    content: 'can it draw?',
  });
  await expect(client.rest.post(Routes.channelMessages(forum.id), { body: { content: 'x' } })).rejects.toMatchObject({
    code: 50008,
  });
});

test('replies name their message, ring its author, and can be read back in order', async () => {
  const ana = discord.addPerson('Ana');
  const hers = await ana.says(discord.channel, 'a boat?');
  const theirs = await channel.messages.fetch(hers.id);
  const reply = await theirs.reply('here');
  expect(discord.world.messages.get(reply.id)).toMatchObject({ type: 19, mentions: { users: [ana.user.id] } });
  await expect(reply.fetchReference()).resolves.toMatchObject({ content: 'a boat?' });
  const page = await channel.messages.fetch({ limit: 1, before: reply.id });
  expect(page.map((message) => message.content)).toEqual(['a boat?']);
  discord.deny(discord.channel, discord.bot, ['ReadMessageHistory']);
  expect((await channel.messages.fetch({ limit: 5, cache: false })).size).toBe(0);
  await expect(theirs.reply('again')).rejects.toMatchObject({ code: 160002 });
  discord.allow(discord.channel, discord.bot, ['ReadMessageHistory']);
  await reply.react('✅');
  expect(discord.world.messages.get(reply.id)?.reactions).toEqual([{ emoji: '✅', userId: discord.applicationId }]);
  expect(ana.sees(discord.channel).map(textOf)).toEqual(['a boat?', 'here']);
});
