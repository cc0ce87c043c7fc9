import { announceReaction } from '../announce.ts';
import { messageEditForm, newMessageForm } from '../forms/message-form.ts';
import { parseForm } from '../forms/parse-form.ts';
import { deleteMessage, editMessage, postMessage } from '../messages.ts';
import { may, requirePermissions } from '../permissions.ts';
import type { Platform } from '../platform.ts';
import { invalidForm, refusals } from '../refusal.ts';
import { type Call, noContent, ok, type Route, route } from '../routing.ts';
import { type Channel, isThread, type Message, messagesIn } from '../world.ts';
import { channelOf, fileLimit, readable } from './channel-access.ts';

const hourMs = 3_600_000;

async function create(call: Call) {
  const { platform } = call;
  const { bot } = platform.application;
  const channel = channelOf(call);
  const form = parseForm(newMessageForm, call.json);
  const needed = call.files.length > 0 ? (['SendMessages', 'AttachFiles'] as const) : (['SendMessages'] as const);
  requirePermissions(platform.world, channel, bot, ...needed);
  if (channel.type === 4 || channel.type === 15 || channel.type === 16) throw refusals.notATextChannel();
  if (channel.recipients.some((user) => user.refusesMessages)) throw refusals.cannotMessageUser();
  if (isThread(channel) && channel.locked) throw refusals.archivedThread();
  if (form.message_reference != null && !may(platform.world, channel, bot, 'ReadMessageHistory'))
    throw refusals.cannotReplyUnread();
  channel.archived = false;
  const message = await platform.nonces.once(form.enforce_nonce ? nonceKey(channel, form.nonce) : null, () =>
    postMessage(platform, {
      channel,
      author: bot,
      form,
      files: call.files,
      maxFileBytes: fileLimit(platform, channel),
    }),
  );
  return ok(renderOwn(platform, message));
}

function nonceKey(channel: Channel, nonce: string | null | undefined): string {
  if (nonce == null)
    throw invalidForm([{ path: ['nonce'], code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }]);
  return `${channel.id}:${nonce}`;
}

function renderOwn(platform: Platform, message: Message) {
  return { ...readable(platform, message), ...(message.nonce === null ? {} : { nonce: message.nonce }) };
}

function messageOf(call: Call): Message {
  const channel = channelOf(call);
  const message = call.platform.world.messages.get(call.param('message'));
  if (message === undefined || message.deleted || message.channel !== channel || message.onlyFor !== null)
    throw refusals.unknownMessage();
  return message;
}

async function edit(call: Call) {
  const { platform } = call;
  const message = messageOf(call);
  const form = parseForm(messageEditForm, call.json);
  if (message.author !== platform.application.bot) throw refusals.notYourMessage();
  if (isThread(message.channel) && message.channel.archived) throw refusals.archivedThread();
  if (call.files.length > 0 && message.interaction === null)
    requirePermissions(platform.world, message.channel, platform.application.bot, 'AttachFiles');
  refuseOldEdits(platform, message);
  await editMessage(platform, message, {
    form,
    files: call.files,
    maxFileBytes: fileLimit(platform, message.channel),
    endsLoading: false,
  });
  return ok(renderOwn(platform, message));
}

function refuseOldEdits(platform: Platform, message: Message): void {
  const now = platform.clock.now();
  if (now - message.at <= hourMs) return;
  const late = message.versions.filter((version) => version.at - message.at > hourMs && version.at > now - hourMs);
  if (late.length >= platform.limits.oldEdits) throw refusals.oldMessageEdits((late[0]?.at ?? now) + hourMs - now);
}

function list(call: Call) {
  const { platform, query } = call;
  const channel = channelOf(call);
  requirePermissions(platform.world, channel, platform.application.bot, 'ViewChannel');
  // Who may not read what was said before finds nothing there.
  if (!may(platform.world, channel, platform.application.bot, 'ReadMessageHistory')) return ok([]);
  const limit = Number(query.get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalidForm([
      { path: ['limit'], code: 'NUMBER_TYPE_MAX', message: 'int value should be less than or equal to 100.' },
    ]);
  const [before, after, around] = ['before', 'after', 'around'].map((name) => query.get(name)) as (string | null)[];
  const messages = messagesIn(platform.world, channel).filter(
    ({ id }) => (before == null || BigInt(id) < BigInt(before)) && (after == null || BigInt(id) > BigInt(after)),
  );
  const newestFirst = messages.toReversed();
  const from =
    around == null
      ? 0
      : Math.max(0, newestFirst.findIndex(({ id }) => BigInt(id) <= BigInt(around)) - Math.floor(limit / 2));
  const shown = after == null ? newestFirst.slice(from, from + limit) : messages.slice(0, limit).toReversed();
  return ok(shown.map((message) => readable(platform, message)));
}

function remove(call: Call) {
  const message = messageOf(call);
  const { bot } = call.platform.application;
  if (message.author !== bot) requirePermissions(call.platform.world, message.channel, bot, 'ManageMessages');
  deleteMessage(call.platform, message);
  return noContent;
}

function react(call: Call, add: boolean) {
  const message = messageOf(call);
  const { platform } = call;
  const { bot } = platform.application;
  const emoji = call.param('emoji');
  if (!/\p{Extended_Pictographic}|\u20e3|:\d+$/u.test(emoji)) throw refusals.unknownEmoji();
  requirePermissions(
    platform.world,
    message.channel,
    bot,
    'ReadMessageHistory',
    ...(add ? (['AddReactions'] as const) : []),
  );
  const at = message.reactions.findIndex((reaction) => reaction.emoji === emoji && reaction.userId === bot.id);
  if (add && at === -1) message.reactions.push({ emoji, userId: bot.id });
  if (!add && at !== -1) message.reactions.splice(at, 1);
  announceReaction(platform, message, emoji, bot, add);
  platform.changed();
  return noContent;
}

const writing = { bucket: 'messages' } as const;
const reading = { bucket: 'reading' } as const;
const reaction = 'channels/:channel/messages/:message/reactions/:emoji/@me';

/** Messages of channels, through the bot's token. */
export const messageRoutes: readonly Route[] = [
  route('POST /channels/:channel/messages', create, writing),
  route('GET /channels/:channel/messages', list, reading),
  route('PATCH /channels/:channel/messages/:message', edit, writing),
  route('DELETE /channels/:channel/messages/:message', remove, { bucket: 'deletions' }),
  route(
    'GET /channels/:channel/messages/:message',
    (call) => {
      const message = messageOf(call);
      requirePermissions(call.platform.world, message.channel, call.platform.application.bot, 'ReadMessageHistory');
      return ok(readable(call.platform, message));
    },
    reading,
  ),
  route(`PUT /${reaction}`, (call) => react(call, true), { bucket: 'reactions' }),
  route(`DELETE /${reaction}`, (call) => react(call, false), { bucket: 'reactions' }),
];
