import { openDirect } from './access.ts';
import { type Clickable, findElement } from './clicking.ts';
import type { Delivery, Receipt } from './envelopes.ts';
import { channelOf, post, toMessageJson } from './messages.ts';
import { typedText } from './people.ts';
import { createViewActions, type ViewActions } from './person-views.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import { applyAnswer } from './response-urls.ts';
import type { ResponseTicket } from './tickets.ts';
import { waitUntil } from './until.ts';
import type { SlackChannel, SlackEphemeral, SlackFile, SlackMessage, SlackTeam, SlackUser } from './world.ts';

/** What came of something that a person did. */
export interface Outcome {
  /** Null when the platform itself refused and sent nothing. */
  readonly receipt: Receipt | null;
  /** What the platform told the person, when it did not work. */
  readonly refusal: string | null;
  readonly triggerId: string | null;
  readonly responseUrl: string | null;
}

export interface Said {
  readonly message: SlackMessage;
  /** Of every event that the app was told of it. */
  readonly receipts: readonly Receipt[];
}

export interface Attachment {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface SayingOptions {
  /** The thread's parent. */
  readonly thread?: SlackMessage;
  readonly files?: readonly Attachment[];
}

/** Somebody in a workspace: does what a person does in Slack's window. */
export interface SlackPerson extends ViewActions {
  readonly id: string;
  readonly name: string;
  /** Type a slash command; inside a thread the platform refuses it. */
  slash(channel: SlackChannel, command: string, text: string, options?: { thread?: SlackMessage }): Promise<Outcome>;
  /** `@name`, `@channel` and `#channel` become mentions. */
  says(channel: SlackChannel, text: string, options?: SayingOptions): Promise<Said>;
  /** `says`, with `@quartet` in front. */
  mentions(channel: SlackChannel, text: string, options?: SayingOptions): Promise<Said>;
  /** Click a button, by its label or its action id. */
  press(on: Clickable, button: string): Promise<Outcome>;
  messageShortcut(message: SlackMessage, callbackId: string): Promise<Outcome>;
  globalShortcut(callbackId: string): Promise<Outcome>;
  /** The conversation with the bot. */
  direct(): SlackChannel;
  /** Notes in a channel that only this person sees, oldest first. */
  notes(channel: SlackChannel): readonly SlackEphemeral[];
}

export function createPerson(
  platform: Platform,
  deliveries: readonly Delivery[],
  team: SlackTeam,
  user: SlackUser,
): SlackPerson {
  const { world, app, tickets } = platform;
  const who = { id: user.id, username: user.name, name: user.name, team_id: team.id };
  const frame = {
    token: 'verification-token',
    api_app_id: app.id,
    team: { id: team.id, domain: team.domain },
    user: who,
    enterprise: null,
    is_enterprise_install: false,
  };

  const refuse = (channel: SlackChannel, text: string, thread?: SlackMessage): Outcome => {
    world.ephemerals.push({
      ts: world.nextTs(),
      channel: channel.id,
      user: user.id,
      threadTs: thread?.ts ?? null,
      text,
      blocks: [],
      deleted: false,
      from: 'slackbot',
    });
    world.changed();
    return { receipt: null, refusal: text, triggerId: null, responseUrl: null };
  };

  const urlOf = (ticket: ResponseTicket): string => `${platform.baseUrl}/response/${ticket.team}/${ticket.token}`;

  const send = async (payload: Json, acceptsResponse = false): Promise<Receipt> =>
    await platform.deliver({ kind: 'interactive', payload, acceptsResponse, retry: null });

  const person: SlackPerson = {
    id: user.id,
    name: user.name,
    ...createViewActions(platform, team, user, frame, send),

    async slash(channel, command, text, { thread } = {}) {
      if (thread !== undefined) return refuse(channel, `${command} is not supported in threads. Sorry!`, thread);
      const known = app.commands.get(command);
      if (known === undefined || !team.installed) {
        return refuse(
          channel,
          `${command} is not a valid command. In Slack, all messages that start with the "/" character are interpreted as commands.`,
        );
      }
      const triggerId = tickets.createTrigger(team.id, user.id);
      const ticket = tickets.createResponse({
        team: team.id,
        channel: channel.id,
        user: user.id,
        threadTs: null,
        message: null,
      });
      const responseUrl = urlOf(ticket);
      const receipt = await platform.deliver({
        kind: 'slash_commands',
        acceptsResponse: true,
        retry: null,
        payload: {
          token: 'verification-token',
          team_id: team.id,
          team_domain: team.domain,
          channel_id: channel.id,
          channel_name: channel.kind === 'private' ? 'privategroup' : channel.name,
          user_id: user.id,
          user_name: user.name,
          command,
          text: known.escapes ? typedText(world, team.id, text) : text,
          api_app_id: app.id,
          is_enterprise_install: 'false',
          response_url: responseUrl,
          trigger_id: triggerId,
        },
      });
      if (receipt.outcome === 'failed') {
        const refused = refuse(channel, `${command} failed with the error "${failureOf(receipt)}"`);
        return { ...refused, receipt, triggerId, responseUrl };
      }
      if (receipt.body !== null) {
        applyAnswer(platform, ticket, typeof receipt.body === 'string' ? { text: receipt.body } : receipt.body);
        world.changed();
      }
      return { receipt, refusal: null, triggerId, responseUrl };
    },

    async says(channel, text, { thread, files = [] } = {}) {
      const seen = deliveries.length;
      const threadTs = thread === undefined ? null : (thread.threadTs ?? thread.ts);
      const uploaded = files.map((file) => ownFile(file));
      const message = post(platform, team, channel, {
        user: user.id,
        text: typedText(world, team.id, text),
        threadTs,
        files: uploaded,
        ...(uploaded.length === 0 ? {} : { subtype: 'file_share' }),
        onBirth(ts) {
          for (const file of uploaded) file.shares.push({ channel: channel.id, ts, threadTs });
        },
      });
      tellOfMention(channel, message);
      const about = (): Delivery[] =>
        deliveries
          .slice(seen)
          .filter(({ envelope }) => (envelope.payload.event as Json | undefined)?.event_ts === message.ts);
      await waitUntil(
        world,
        'the app to hear of a message',
        () => about().every(({ receipt }) => receipt !== null),
        10_000,
      );
      return { message, receipts: about().flatMap(({ receipt }) => receipt ?? []) };
    },

    mentions: (channel, text, options) => person.says(channel, `@quartet ${text}`, options),

    async press(on, button) {
      const { element, block } = findElement(on, button);
      const triggerId = tickets.createTrigger(team.id, user.id, 'root' in on ? on.id : undefined);
      const action = {
        action_id: element.action_id,
        block_id: block.block_id,
        text: element.text,
        ...(element.value === undefined ? {} : { value: element.value }),
        type: 'button',
        action_ts: world.nextTs(),
      };
      const base = { type: 'block_actions', ...frame, trigger_id: triggerId, actions: [action] };
      if ('root' in on) {
        const receipt = await send({ ...base, container: { type: 'view', view_id: on.id }, view: person.viewJson(on) });
        return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: null };
      }
      const channel = world.channels.get(on.channel) as SlackChannel;
      const ticket = tickets.createResponse({
        team: team.id,
        channel: on.channel,
        user: user.id,
        threadTs: on.threadTs,
        message: on.ts,
      });
      const responseUrl = urlOf(ticket);
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
        channel: { id: on.channel, name: nameOf(channel) },
        ...(isEphemeral ? {} : { message: toMessageJson(platform, on) }),
        state: { values: {} },
        response_url: responseUrl,
      });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl };
    },

    async messageShortcut(message, callbackId) {
      const channel = channelOf(world, message);
      if (app.shortcuts.get(callbackId) !== 'message')
        throw new Error(`Expected a message shortcut "${callbackId}" in the app's manifest`);
      const triggerId = tickets.createTrigger(team.id, user.id);
      const ticket = tickets.createResponse({
        team: team.id,
        channel: channel.id,
        user: user.id,
        threadTs: message.threadTs,
        message: null,
      });
      const receipt = await send({
        type: 'message_action',
        ...frame,
        callback_id: callbackId,
        trigger_id: triggerId,
        action_ts: world.nextTs(),
        message_ts: message.ts,
        channel: { id: channel.id, name: nameOf(channel) },
        message: toMessageJson(platform, message),
        response_url: urlOf(ticket),
      });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: urlOf(ticket) };
    },

    async globalShortcut(callbackId) {
      if (app.shortcuts.get(callbackId) !== 'global')
        throw new Error(`Expected a global shortcut "${callbackId}" in the app's manifest`);
      const triggerId = tickets.createTrigger(team.id, user.id);
      const receipt = await send({
        type: 'shortcut',
        ...frame,
        callback_id: callbackId,
        trigger_id: triggerId,
        action_ts: world.nextTs(),
      });
      return { receipt, refusal: warningOf(receipt), triggerId, responseUrl: null };
    },

    direct: () => openDirect(world, team, user.id),
    notes: (channel) =>
      world.ephemerals.filter((note) => note.user === user.id && note.channel === channel.id && !note.deleted),
  };
  return person;

  /** A file of this person's, there from the start: only uploads over the API are shared late. */
  function ownFile({ name, bytes }: Attachment): SlackFile {
    const file: SlackFile = {
      id: world.nextId('F'),
      team: team.id,
      user: user.id,
      name,
      length: bytes.length,
      altText: null,
      createdMs: world.clock.now(),
      title: name,
      bytes,
      state: 'complete',
      shares: [],
    };
    world.files.set(file.id, file);
    return file;
  }

  /** Beside the message itself; in a direct conversation there is no such event. */
  function tellOfMention(channel: SlackChannel, message: SlackMessage): void {
    const mentioned = message.text.includes(`<@${team.botUser}>`) && channel.kind !== 'im';
    if (!mentioned || !channel.members.has(team.botUser)) return;
    const { text, ts } = message;
    platform.emitEvent(team, 'app_mention', {
      ...toMessageJson(platform, message),
      type: 'app_mention',
      text,
      ts,
      channel: channel.id,
      event_ts: ts,
    });
  }
}

/** The names of conversations that not everybody may know of are withheld. */
function nameOf({ kind, name }: SlackChannel): string {
  if (kind === 'public') return name;
  return kind === 'im' ? 'directmessage' : 'privategroup';
}

function failureOf(receipt: Receipt & { outcome: 'failed' }): string {
  if (receipt.reason === 'timeout' || receipt.reason === 'http_timeout') return 'operation_timeout';
  if (receipt.status === null) return 'dispatch_failed';
  return receipt.status >= 500 ? 'http_service_error' : 'http_client_error';
}

/** The little triangle beside a button that did not work. */
function warningOf(receipt: Receipt): string | null {
  return receipt.outcome === 'failed' ? 'This app responded with an error.' : null;
}
