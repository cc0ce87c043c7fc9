import { z } from 'zod';
import { announceChannel } from '../announce-channel.ts';
import { newMessageForm } from '../forms/message-form.ts';
import { parseForm } from '../forms/parse-form.ts';
import { postMessage } from '../messages.ts';
import { requirePermissions } from '../permissions.ts';
import { refusals } from '../refusal.ts';
import { renderChannel } from '../render/guild.ts';
import { type Call, noContent, ok, type Route, route } from '../routing.ts';
import { snowflake } from '../snowflake.ts';
import { startThread } from '../threads.ts';
import { channelTypes, isThread } from '../world.ts';
import { directChannel } from '../world-building.ts';
import { channelOf, fileLimit, readable } from './channel-access.ts';

const threadForm = z.object({
  name: z.string().min(1).max(100),
  auto_archive_duration: z.union([z.literal(60), z.literal(1440), z.literal(4320), z.literal(10080)]).nullish(),
  type: z.int().min(10).max(12).nullish(),
  message: newMessageForm.nullish(),
});
const channelEditForm = z.object({
  name: z.string().min(1).max(100).optional(),
  archived: z.boolean().optional(),
  locked: z.boolean().optional(),
  nsfw: z.boolean().optional(),
});

async function createThread(call: Call) {
  const { platform } = call;
  const { bot } = platform.application;
  const parent = channelOf(call);
  const form = parseForm(threadForm, call.json);
  const forum = parent.type === channelTypes.forum || parent.type === channelTypes.media;
  requirePermissions(platform.world, parent, bot, forum ? 'SendMessages' : 'CreatePublicThreads');
  const from = platform.world.messages.get(call.param('message'));
  if (call.param('message') !== '' && (from === undefined || from.deleted)) throw refusals.unknownMessage();
  if (from !== undefined && from.threadId !== null) throw refusals.threadExists();
  const thread = startThread(platform, { parent, name: form.name, owner: bot, from });
  if (!forum) return { status: 201, body: renderChannel(thread) };
  const message = await postMessage(platform, {
    id: thread.id,
    channel: thread,
    author: bot,
    form: form.message ?? parseForm(newMessageForm, {}),
    files: call.files,
    maxFileBytes: fileLimit(platform, parent),
  });
  return { status: 201, body: { ...renderChannel(thread), message: readable(platform, message) } };
}

function edit(call: Call) {
  const channel = channelOf(call);
  const { archived, locked, name, nsfw } = parseForm(channelEditForm, call.json);
  const { bot } = call.platform.application;
  const own = isThread(channel) && channel.ownerId === bot.id;
  if (!own)
    requirePermissions(call.platform.world, channel, bot, isThread(channel) ? 'ManageThreads' : 'ManageChannels');
  if (name !== undefined) channel.name = name;
  if (archived !== undefined) channel.archived = archived;
  if (locked !== undefined) channel.locked = locked;
  if (nsfw !== undefined) channel.ageRestricted = nsfw;
  announceChannel(call.platform, isThread(channel) ? 'THREAD_UPDATE' : 'CHANNEL_UPDATE', channel);
  return ok(renderChannel(channel));
}

function threadMember(call: Call, joins: boolean) {
  const thread = channelOf(call);
  if (!isThread(thread)) throw refusals.unknownChannel();
  if (joins) thread.threadMembers.add(call.platform.application.bot.id);
  else thread.threadMembers.delete(call.platform.application.bot.id);
  return noContent;
}

/** Channels, threads and direct messages. */
export const channelRoutes: readonly Route[] = [
  route('GET /channels/:channel', (call) => ok(renderChannel(channelOf(call)))),
  route('PATCH /channels/:channel', edit),
  route('POST /channels/:channel/typing', (call) => {
    requirePermissions(call.platform.world, channelOf(call), call.platform.application.bot, 'SendMessages');
    return noContent;
  }),
  route('POST /channels/:channel/threads', createThread),
  route('POST /channels/:channel/messages/:message/threads', createThread),
  route('PUT /channels/:channel/thread-members/@me', (call) => threadMember(call, true)),
  route('DELETE /channels/:channel/thread-members/@me', (call) => threadMember(call, false)),
  route('POST /users/@me/channels', (call) => {
    const { recipient_id } = parseForm(z.object({ recipient_id: snowflake }), call.json);
    const user = call.platform.world.users.get(recipient_id);
    if (user === undefined || user.bot) throw refusals.cannotMessageUser();
    return ok(renderChannel(directChannel(call.platform, user)));
  }),
];
