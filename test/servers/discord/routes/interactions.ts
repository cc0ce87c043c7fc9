import { z } from 'zod';
import { callbackForm, callbackTypes, choicesForm, requireFitting } from '../forms/callback-form.ts';
import { flags, messageEditForm, newMessageForm } from '../forms/message-form.ts';
import { modalForm } from '../forms/modal-form.ts';
import { parseForm } from '../forms/parse-form.ts';
import {
  type Interaction,
  interactionByToken,
  interactionToAnswer,
  interactionTypes,
  isThinking,
} from '../interaction.ts';
import { deleteMessage, editMessage, postMessage } from '../messages.ts';
import { may } from '../permissions.ts';
import type { Platform } from '../platform.ts';
import { refusals } from '../refusal.ts';
import { renderMessage } from '../render/message.ts';
import { type Call, noContent, ok, type Route, route } from '../routing.ts';
import type { Message } from '../world.ts';

/** Outside the bot's servers an app may follow up only so often. */
const followUpsOutside = 5;
const webhook = { bucket: 'webhook', open: true } as const;

const flagsOnly = z.object({ flags: z.int().nullish() });

async function callback(call: Call) {
  const { platform } = call;
  const interaction = interactionToAnswer(platform, call.param('interaction'), call.param('token'));
  const { type, data } = parseForm(callbackForm, call.json);
  requireFitting(interaction, type);
  interaction.claimed = true;
  try {
    await carryOut(call, interaction, type, data);
  } catch (error) {
    // A refused answer is none: the next one may still be good.
    interaction.claimed = false;
    throw error;
  }
  interaction.answered = type;
  platform.changed();
  if (call.query.get('with_response') !== 'true') return noContent;
  return ok(renderCallback(platform, interaction, type));
}

async function carryOut(call: Call, interaction: Interaction, type: number, data: unknown): Promise<void> {
  const { platform } = call;
  switch (type) {
    case callbackTypes.message:
      interaction.original = await post(call, interaction, data);
      return;
    case callbackTypes.deferredMessage: {
      const { flags: asked } = parseForm(flagsOnly, data ?? {});
      interaction.original = await post(call, interaction, { flags: asked ?? 0 }, true);
      return;
    }
    case callbackTypes.update:
      if (interaction.source !== null) await edit(call, interaction, interaction.source, data);
      interaction.original = interaction.source;
      return;
    case callbackTypes.deferredUpdate:
      interaction.original = interaction.source;
      return;
    case callbackTypes.choices:
      interaction.choices = parseForm(choicesForm, data).choices.map(({ name, value }) => ({ name, value }));
      return;
    default:
      interaction.modal = parseForm(modalForm, data);
      platform.changed();
  }
}

function post(call: Call, interaction: Interaction, data: unknown, loading = false): Promise<Message> {
  if (!call.platform.world.channels.has(interaction.channel.id)) throw refusals.unknownChannel();
  const form = parseForm(newMessageForm, data ?? {});
  const kind = interaction.type === interactionTypes.command && interaction.source === null ? 20 : 0;
  return postMessage(call.platform, {
    channel: interaction.channel,
    author: call.platform.application.bot,
    form,
    files: call.files,
    maxFileBytes: interaction.attachmentBytes,
    type: kind,
    loading,
    onlyFor:
      ((form.flags ?? 0) & flags.ephemeral) !== 0 || !mayAnswerAloud(call.platform, interaction)
        ? interaction.user
        : null,
    interaction: {
      id: interaction.id,
      type: interaction.type,
      user: interaction.user,
      command: interaction.commandName,
    },
  });
}

/** Whether the app is only there because a person brought it along. */
function isOutside(platform: Platform, { channel }: Interaction): boolean {
  return channel.guildId !== null && platform.world.guilds.get(channel.guildId)?.hasCommands !== true;
}

/** Where people may not use apps from outside, only they see the answer. */
function mayAnswerAloud(platform: Platform, interaction: Interaction): boolean {
  return (
    !isOutside(platform, interaction) || may(platform.world, interaction.channel, interaction.user, 'UseExternalApps')
  );
}

async function edit(call: Call, interaction: Interaction, message: Message, data: unknown): Promise<void> {
  const form = parseForm(messageEditForm, data ?? {});
  await editMessage(call.platform, message, {
    form,
    files: call.files,
    maxFileBytes: interaction.attachmentBytes,
    endsLoading: true,
  });
}

/** `@original`, or one of the follow-ups. */
function messageOf(platform: Platform, call: Call): { interaction: Interaction; message: Message } {
  const interaction = interactionByToken(platform, call.param('application'), call.param('token'));
  const name = call.param('message');
  const message =
    name === '@original'
      ? interaction.original
      : [interaction.original, ...interaction.followUps].find((candidate) => candidate?.id === name);
  if (message == null || message.deleted) throw refusals.unknownMessage();
  return { interaction, message };
}

async function followUp(call: Call) {
  const { platform } = call;
  const interaction = interactionByToken(platform, call.param('application'), call.param('token'));
  if (isThinking(interaction) && interaction.original !== null) {
    await edit(call, interaction, interaction.original, call.json);
    return ok(renderMessage(platform, interaction.original));
  }
  if (isOutside(platform, interaction) && interaction.followUps.length >= followUpsOutside)
    throw refusals.tooManyFollowUps();
  const message = await post(call, interaction, call.json);
  interaction.followUps.push(message);
  platform.changed();
  return ok(renderMessage(platform, message));
}

function renderCallback(platform: Platform, interaction: Interaction, type: number) {
  const { original } = interaction;
  return {
    interaction: {
      id: interaction.id,
      type: interaction.type,
      response_message_id: original?.id,
      response_message_loading: isThinking(interaction),
      response_message_ephemeral: original?.onlyFor != null,
    },
    resource: { type, ...(original === null ? {} : { message: renderMessage(platform, original) }) },
  };
}

/** Answers to interactions, and what may follow them for 15 minutes. */
export const interactionRoutes: readonly Route[] = [
  route('POST /interactions/:interaction/:token/callback', callback, { bucket: null, open: true }),
  route('POST /webhooks/:application/:token', followUp, webhook),
  route(
    'GET /webhooks/:application/:token/messages/:message',
    (call) => ok(renderMessage(call.platform, messageOf(call.platform, call).message)),
    webhook,
  ),
  route(
    'PATCH /webhooks/:application/:token/messages/:message',
    async (call) => {
      const { interaction, message } = messageOf(call.platform, call);
      await edit(call, interaction, message, call.json);
      return ok(renderMessage(call.platform, message));
    },
    webhook,
  ),
  route(
    'DELETE /webhooks/:application/:token/messages/:message',
    (call) => {
      deleteMessage(call.platform, messageOf(call.platform, call).message);
      return noContent;
    },
    webhook,
  ),
];
