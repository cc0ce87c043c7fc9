import { type Clickable, findElement, findSelect } from './clicking.ts';
import type { Receipt } from './envelopes.ts';
import { untouchedValues } from './form-values.ts';
import { channelOf, toMessageJson } from './messages.ts';
import { type Outcome, sentName, warningOf } from './outcome.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import type { ResponseTicket } from './tickets.ts';
import { toViewJson } from './views.ts';
import type { SlackChannel, SlackMessage, SlackTeam, SlackUser } from './world.ts';

export interface Clicks {
  /** Click a button, by its label or its action id. */
  press(on: Clickable, button: string): Promise<Outcome>;
  /** Choose from a menu, by its action id; the option by its text or value. */
  chooses(on: Clickable, menu: string, option: string): Promise<Outcome>;
  messageShortcut(message: SlackMessage, callbackId: string): Promise<Outcome>;
  globalShortcut(callbackId: string): Promise<Outcome>;
}

/** What a person does with the mouse. */
export function createClicks(
  platform: Platform,
  team: SlackTeam,
  user: SlackUser,
  frame: Json,
  send: (payload: Json) => Promise<Receipt>,
): Clicks {
  const { world, app, tickets } = platform;

  const act = async (on: Clickable, action: Json): Promise<Outcome> => {
    // Seen on the platform: buttons under a file that was shared are drawn, and dead.
    if ('files' in on && on.files.length > 0) {
      return { receipt: null, refusal: 'nothing happens', triggerId: null, responseUrl: null };
    }
    const triggerId = tickets.createTrigger(team.id, user.id, 'root' in on ? on.id : undefined);
    const actions = [{ ...action, action_ts: world.nextTs() }];
    const base = { type: 'block_actions', ...frame, trigger_id: triggerId, actions };
    if ('root' in on) {
      const container = { type: 'view', view_id: on.id };
      const receipt = await send({ ...base, container, view: toViewJson(platform, team, on, untouchedValues(on)) });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: null };
    }
    const channel = world.channels.get(on.channel) as SlackChannel;
    const ticket = ticketFor(on.channel, on.threadTs, on.ts);
    const isEphemeral = !('versions' in on);
    const receipt = await send({
      ...base,
      container: {
        type: 'message',
        message_ts: on.ts,
        channel_id: on.channel,
        is_ephemeral: isEphemeral,
        ...(on.threadTs === null ? {} : { thread_ts: on.threadTs }),
      },
      channel: { id: on.channel, name: sentName(channel) },
      ...(isEphemeral ? {} : { message: toMessageJson(platform, on) }),
      state: { values: {} },
      response_url: platform.responseUrl(ticket),
    });
    return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: platform.responseUrl(ticket) };
  };

  return {
    async press(on, button) {
      const { element, block } = findElement(on, button);
      const { action_id, text, value } = element;
      return await act(on, { action_id, block_id: block.block_id, text, value, type: 'button' });
    },

    async chooses(on, menu, option) {
      const { element, block, chosen } = findSelect(on, menu, option);
      const { action_id, type } = element;
      return await act(on, { action_id, block_id: block.block_id, type, selected_option: chosen });
    },

    async messageShortcut(message, callbackId) {
      requireShortcut(callbackId, 'message');
      const channel = channelOf(world, message);
      const triggerId = tickets.createTrigger(team.id, user.id);
      const responseUrl = platform.responseUrl(ticketFor(channel.id, message.threadTs, null));
      const receipt = await send({
        type: 'message_action',
        ...frame,
        callback_id: callbackId,
        trigger_id: triggerId,
        action_ts: world.nextTs(),
        message_ts: message.ts,
        channel: { id: channel.id, name: sentName(channel) },
        message: toMessageJson(platform, message),
        response_url: responseUrl,
      });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl };
    },

    async globalShortcut(callbackId) {
      requireShortcut(callbackId, 'global');
      const triggerId = tickets.createTrigger(team.id, user.id);
      const action_ts = world.nextTs();
      const receipt = await send({
        type: 'shortcut',
        ...frame,
        callback_id: callbackId,
        trigger_id: triggerId,
        action_ts,
      });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: null };
    },
  };

  function ticketFor(channel: string, threadTs: string | null, message: string | null): ResponseTicket {
    return tickets.createResponse({ team: team.id, channel, user: user.id, threadTs, message });
  }

  function requireShortcut(callbackId: string, kind: 'global' | 'message'): void {
    if (app.shortcuts.get(callbackId) === kind) return;
    throw new Error(`Expected a ${kind} shortcut "${callbackId}" in the app's manifest`);
  }
}
