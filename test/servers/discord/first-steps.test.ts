import { AttachmentBuilder, type Client, Events, type Interaction } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, logIn } from './real-client.ts';
import { type DiscordServer, startDiscordServer } from './start.ts';

const imagine = {
  name: 'imagine',
  description: 'Draws four pictures',
  options: [{ type: 3, name: 'prompt', description: 'What to draw', required: true }],
};

let discord: DiscordServer;
let client: Client<true>;

beforeEach(async () => {
  discord = await startDiscordServer();
  client = await logIn(createClient(discord), discord.token);
});
afterEach(async () => {
  await client.destroy();
  await discord.close();
});

/** Answer the next interaction. */
function onInteraction(answer: (interaction: Interaction) => Promise<unknown>): void {
  client.once(Events.InteractionCreate, (interaction) => void answer(interaction));
}

test('a real client logs in and finds its server and channel', () => {
  expect(client.user.id).toBe(discord.applicationId);
  expect(client.guilds.cache.get(discord.guild.id)?.name).toBe('Harbour');
  expect(client.channels.cache.get(discord.channel.id)?.isTextBased()).toBe(true);
});

test('a slash command is deferred, edited and followed by a message with files', async () => {
  await client.application.commands.set([imagine]);
  const ana = discord.addPerson('Ana');
  onInteraction(async (interaction) => {
    if (!interaction.isChatInputCommand()) return;
    await interaction.deferReply();
    await interaction.editReply(`drawing ${interaction.options.getString('prompt', true)}`);
    const channel = await client.channels.fetch(interaction.channelId);
    if (!channel?.isSendable()) return;
    await channel.send({
      files: [new AttachmentBuilder(Buffer.from('not a picture'), { name: 'a.png', description: 'a boat' })],
    });
  });

  const answer = await ana.slash(discord.channel, 'imagine', { prompt: 'a boat' });
  const shown = await answer.shown();
  const posted = await discord.waitForMessage(discord.channel, (message) => message.attachments.length > 0);

  expect(shown.content).toBe('drawing a boat');
  expect(shown.versions.map((version) => version.content)).toEqual(['', 'drawing a boat']);
  expect(posted.attachments[0]).toMatchObject({ filename: 'a.png', description: 'a boat' });
});
