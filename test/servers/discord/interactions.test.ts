import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Client,
  ComponentType,
  Events,
  type Interaction,
  MessageFlags,
  type ModalSubmitInteraction,
  Routes,
} from 'discord.js';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Person } from './people/person.ts';
import { createClient, logIn } from './real-client.ts';
import { type DiscordServer, startDiscordServer } from './start.ts';

const commands = [
  {
    name: 'imagine',
    description: 'Draws',
    integration_types: [0, 1],
    contexts: [0, 1, 2],
    options: [
      { type: 3, name: 'prompt', description: 'What', required: true, max_length: 100 },
      { type: 3, name: 'model', description: 'Which', autocomplete: true },
      { type: 4, name: 'count', description: 'How many', min_value: 1, max_value: 4 },
      { type: 11, name: 'image', description: 'From this picture' },
    ],
  },
  {
    name: 'admin',
    description: 'Runs it',
    options: [{ type: 1, name: 'pause', description: 'Pauses' }],
    default_member_permissions: '32',
  },
  { name: 'bold', description: 'For adults', nsfw: true },
  { name: 'Draw this', type: 3 },
];

let discord: DiscordServer;
let client: Client<true>;
let ana: Person;

beforeEach(async () => {
  discord = await startDiscordServer();
  client = await logIn(createClient(discord), discord.token);
  await client.rest.put(Routes.applicationCommands(client.application.id), { body: commands });
  ana = discord.addPerson('Ana', { locale: 'ko' });
});
afterEach(async () => {
  await client.destroy();
  await discord.close();
});

/** Answer the next interaction; comes back with it once it was answered. */
function next<Kind extends Interaction>(answer: (interaction: Kind) => Promise<unknown>): Promise<Kind> {
  return new Promise((resolve, reject) => {
    client.once(Events.InteractionCreate, (interaction) => {
      answer(interaction as Kind).then(() => resolve(interaction as Kind), reject);
    });
  });
}

const button = (customId: string, label: string) => ({
  type: ComponentType.Button as const,
  style: 1 as const,
  customId,
  label,
});
const row = (...buttons: ReturnType<typeof button>[]) => [
  { type: ComponentType.ActionRow as const, components: buttons },
];

test('an interaction says who, where, in which language, and how large files may be', async () => {
  const seen = next((interaction: ChatInputCommandInteraction) => interaction.reply('ok'));
  const bytes = await sharp({ create: { width: 6, height: 5, channels: 3, background: 'blue' } })
    .webp()
    .toBuffer();
  const answer = await ana.slash(discord.channel, 'imagine', {
    prompt: 'a boat',
    count: 2,
    image: { name: 'in.webp', bytes },
  });
  const interaction = await seen;
  expect(interaction).toMatchObject({
    locale: 'ko',
    guildLocale: 'en-US',
    attachmentSizeLimit: 10 * 2 ** 20,
    context: 0,
  });
  expect(interaction.options.getInteger('count')).toBe(2);
  const image = interaction.options.getAttachment('image', true);
  expect(image).toMatchObject({ name: 'in.webp', width: 6, height: 5, contentType: 'image/webp' });
  expect(Buffer.from(await (await fetch(image.url)).arrayBuffer())).toEqual(bytes);
  expect(interaction.authorizingIntegrationOwners).toMatchObject({ guildId: discord.guild.id, userId: null });
  expect(answer.text).toBe('ok');
});

test('an answer after 3 seconds is refused with 10062, and the person sees that nobody responded', async () => {
  const refused = next(async (interaction: ChatInputCommandInteraction) => {
    discord.clock.advance(3_001);
    await expect(interaction.deferReply()).rejects.toMatchObject({ code: 10062, status: 404 });
  });
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  expect(answer.state).toBe('failed');
  await refused;
});

test('a second answer is refused with 40060, also in a race', async () => {
  const answered = next(async (interaction: ChatInputCommandInteraction) => {
    const path = Routes.interactionCallback(interaction.id, interaction.token);
    const answers = [5, 5].map((type) => client.rest.post(path, { body: { type }, auth: false }));
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 40060 });
  });
  expect((await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' })).state).toBe('thinking');
  await answered;
});

test('a token is good for 15 minutes, then 50027; the message itself can still be edited by the bot', async () => {
  const answered = next((interaction: ChatInputCommandInteraction) => interaction.reply('soon'));
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  const interaction = await answered;
  const path = Routes.webhookMessage(client.application.id, interaction.token);
  discord.clock.advance(14 * 60_000);
  await client.rest.patch(path, { body: { content: 'sooner' }, auth: false });
  discord.clock.advance(60_001);
  await expect(client.rest.patch(path, { body: { content: 'late' }, auth: false })).rejects.toMatchObject({
    code: 50027,
    status: 401,
  });
  const id = answer.message?.id ?? '';
  await client.rest.patch(Routes.channelMessage(discord.channel.id, id), { body: { content: 'here' } });
  expect(answer.text).toBe('here');
});

test('a deferred answer thinks until it is edited through its token', async () => {
  const deferred = next((interaction: ChatInputCommandInteraction) => interaction.deferReply());
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  const interaction = await deferred;
  expect(answer.state).toBe('thinking');
  const id = answer.message?.id ?? '';
  await client.rest.patch(Routes.channelMessage(discord.channel.id, id), { body: { content: 'from the side' } });
  expect(answer.state).toBe('thinking');
  await interaction.editReply('done');
  const shown = await answer.shown();
  expect(shown.editedAt).toBe(null);
  expect((await interaction.fetchReply()).content).toBe('done');
  await interaction.followUp('and more');
  expect((await answer.followUp()).content).toBe('and more');
  await interaction.deleteReply();
  await expect(interaction.editReply('gone')).rejects.toMatchObject({ code: 10008 });
});

test('the first follow-up of a deferred answer takes its place', async () => {
  void next(async (interaction: ChatInputCommandInteraction) => {
    await interaction.deferReply();
    await interaction.followUp('here');
  });
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  expect((await answer.shown()).content).toBe('here');
  expect(answer.followUps).toHaveLength(0);
});

test('a private answer is seen by one person, and out of reach for the bot token', async () => {
  const ben = discord.addPerson('Ben');
  void next((interaction: ChatInputCommandInteraction) =>
    interaction.reply({ content: 'psst', flags: MessageFlags.Ephemeral }),
  );
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  expect(answer.isPrivate).toBe(true);
  expect(ana.sees(discord.channel)).toHaveLength(1);
  expect(ben.sees(discord.channel)).toHaveLength(0);
  const path = Routes.channelMessage(discord.channel.id, answer.message?.id ?? '');
  await expect(client.rest.get(path)).rejects.toMatchObject({ code: 10008 });
});

test('a pressed button changes its message, or is answered apart', async () => {
  const message = await client.rest
    .post(Routes.channelMessages(discord.channel.id), {
      body: {
        content: 'pick',
        components: [{ type: 1, components: [{ type: 2, style: 1, custom_id: 'v1:vary', label: 'Vary 1' }] }],
      },
    })
    .then((sent) => discord.world.messages.get((sent as { id: string }).id));
  if (message === undefined) throw new Error('Expected the message.');
  void next((interaction: ButtonInteraction) =>
    interaction.update({ content: 'picked', components: row(button('b', 'B')) }),
  );
  const first = await ana.press(message, 'Vary 1');
  expect(first.state).toBe('acknowledged');
  expect(message.content).toBe('picked');
  await expect(ana.press(message, 'Vary 1')).rejects.toThrow('Expected a button "Vary 1"');
  void next(async (interaction: ButtonInteraction) => {
    await interaction.deferUpdate();
    await interaction.followUp({ content: 'only you', flags: MessageFlags.Ephemeral });
  });
  const second = await ana.press(message, 'b');
  expect((await second.followUp()).onlyFor).toBe(ana.user);
});

test('a form with text and a picture is shown, filled in and answered', async () => {
  const modal = {
    custom_id: 'edit',
    title: 'Edit',
    components: [
      { type: 18, label: 'Prompt', component: { type: 4, custom_id: 'prompt', style: 2, value: 'a boat' } },
      { type: 18, label: 'Picture', component: { type: 19, custom_id: 'picture', required: false, max_values: 1 } },
    ],
  };
  void next(async (interaction: ChatInputCommandInteraction) => {
    const body = { type: 9, data: modal };
    await client.rest.post(Routes.interactionCallback(interaction.id, interaction.token), { body, auth: false });
  });
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  expect(answer.state).toBe('modal');
  const submitted = next((interaction: ModalSubmitInteraction) =>
    interaction.reply(interaction.fields.getTextInputValue('prompt')),
  );
  const bytes = new TextEncoder().encode('not a picture');
  const second = await ana.submitModal(answer, { prompt: 'a red boat', picture: [{ name: 'a.png', bytes }] });
  expect(second.text).toBe('a red boat');
  expect((await submitted).fields.getUploadedFiles('picture')?.first()).toMatchObject({
    name: 'a.png',
    size: bytes.length,
  });
  await expect(ana.submitModal(answer, { prompt: '' })).rejects.toThrow('required field');
});

test('a form that breaks a limit is refused by field', async () => {
  const refused = next(async (interaction: ChatInputCommandInteraction) => {
    const data = {
      custom_id: 'x',
      title: 'x'.repeat(46),
      components: [{ type: 18, label: 'x'.repeat(46), component: { type: 4, custom_id: '', style: 3 } }],
    };
    const path = Routes.interactionCallback(interaction.id, interaction.token);
    const error = await client.rest
      .post(path, { body: { type: 9, data }, auth: false })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 50035,
      rawError: {
        errors: {
          title: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] },
          components: { 0: { label: {}, component: { custom_id: {}, style: {} } } },
        },
      },
    });
    await interaction.reply('sorry');
  });
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  await refused;
  expect(answer.text).toBe('sorry');
});

test('suggestions come while typing, at most 25, and not after 3 seconds', async () => {
  void next(async (interaction) => {
    if (!interaction.isAutocomplete()) return;
    const focused = interaction.options.getFocused();
    await interaction.respond([{ name: `${focused}all`, value: 'small' }]);
  });
  const choices = await ana.autocomplete(discord.channel, 'imagine', { prompt: 'a', model: 'sm' }, 'model');
  expect(choices).toEqual([{ name: 'small', value: 'small' }]);
  const late = next(async (interaction) => {
    if (!interaction.isAutocomplete()) return;
    const many = Array.from({ length: 26 }, (_, index) => ({ name: String(index), value: String(index) }));
    await expect(interaction.respond(many)).rejects.toMatchObject({ code: 50035 });
    discord.clock.advance(3_001);
    await expect(interaction.respond([])).rejects.toMatchObject({ code: 10062 });
  });
  expect(await ana.autocomplete(discord.channel, 'imagine', { model: 'sm' }, 'model')).toBe(null);
  await late;
});

test('a message menu command brings the message along', async () => {
  const hers = await ana.says(discord.channel, 'a house by the sea');
  void next(async (interaction) => {
    if (interaction.isMessageContextMenuCommand()) await interaction.reply(interaction.targetMessage.content);
  });
  expect((await ana.contextMenu(hers, 'Draw this')).text).toBe('a house by the sea');
});

test('an app that a person brought along answers there, but cannot reach the channel itself', async () => {
  const elsewhere = discord.addGuild({ name: 'Elsewhere', withBot: false });
  const channel = discord.addChannel({ guild: elsewhere, name: 'general' });
  const eva = discord.addPerson('Eva', { guilds: [elsewhere] });
  await expect(eva.slash(channel, 'imagine', { prompt: 'a boat' })).rejects.toThrow('on offer');
  eva.user.hasApp = true;
  const answered = next(async (interaction: ChatInputCommandInteraction) => {
    await interaction.reply('here');
    for (let count = 0; count < 5; count++) await interaction.followUp(`${count}`);
    await expect(interaction.followUp('6')).rejects.toMatchObject({ code: 40094 });
  });
  const answer = await eva.slash(channel, 'imagine', { prompt: 'a boat' });
  const interaction = await answered;
  expect(interaction.authorizingIntegrationOwners).toMatchObject({ guildId: null, userId: eva.user.id });
  expect(answer.isPrivate).toBe(false);
  await expect(client.rest.get(Routes.channel(channel.id))).rejects.toMatchObject({ code: 50001 });
  discord.deny(channel, eva.user, ['UseExternalApps']);
  void next((another: ChatInputCommandInteraction) => another.reply('quietly'));
  expect((await eva.slash(channel, 'imagine', { prompt: 'a boat' })).isPrivate).toBe(true);
});

test('commands work in direct messages, groups and threads', async () => {
  ana.user.hasApp = true;
  const ben = discord.addPerson('Ben');
  const thread = discord.addThread({ parent: discord.channel, name: 'boats', owner: ana.user });
  for (const [place, context] of [
    [discord.directMessages(ana), 1],
    [discord.addGroup([ana, ben]), 2],
    [thread, 0],
  ] as const) {
    const answered = next((interaction: ChatInputCommandInteraction) =>
      interaction.reply(`in ${interaction.channel?.type}`),
    );
    const answer = await ana.slash(place, 'imagine', { prompt: 'a boat' });
    expect((await answered).context).toBe(context);
    expect(answer.text).toBe(`in ${place.type}`);
  }
});

test('what is not on offer, or out of range, cannot be sent', async () => {
  await expect(ana.slash(discord.channel, 'admin pause')).rejects.toThrow('on offer');
  await expect(ana.slash(discord.channel, 'bold')).rejects.toThrow('on offer');
  await expect(ana.slash(discord.channel, 'imagine', { prompt: 'x', count: 9 })).rejects.toThrow('at most 4');
  await expect(ana.slash(discord.channel, 'imagine')).rejects.toThrow('required option "prompt"');
  discord.allow(discord.channel, ana.user, ['ManageGuild']);
  void next((interaction: ChatInputCommandInteraction) => interaction.reply(interaction.options.getSubcommand()));
  expect((await ana.slash(discord.channel, 'admin pause')).text).toBe('pause');
  const adults = discord.addChannel({ guild: discord.guild, name: 'adults', ageRestricted: true });
  const answered = next((interaction: ChatInputCommandInteraction) => interaction.reply('ok'));
  await ana.slash(adults, 'bold');
  expect((await answered).channel).toMatchObject({ nsfw: true });
});

test('files of an answer heed the limit of the interaction', async () => {
  ana.attachmentBytes = 100;
  const answered = next(async (interaction: ChatInputCommandInteraction) => {
    expect(interaction.attachmentSizeLimit).toBe(100);
    await interaction.deferReply();
    await expect(interaction.editReply({ files: [Buffer.alloc(101)] })).rejects.toMatchObject({ code: 40005 });
    await interaction.editReply({ files: [Buffer.alloc(100)] });
  });
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  await answered;
  expect((await answer.shown()).attachments).toHaveLength(1);
});

test('an answer that never comes is seen as a failure after 3 seconds', async () => {
  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  expect(answer.state).toBe('failed');
});
