import type { Delivery, Receipt } from './envelopes.ts';
import { post, toMessageJson } from './messages.ts';
import { failureName, type Outcome, sayAsSlackbot, sentName } from './outcome.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import { applyAnswer } from './response-urls.ts';
import { escapeText, typedText } from './texts.ts';
import { waitUntil } from './until.ts';
import type { SlackChannel, SlackFile, SlackMessage, SlackTeam, SlackUser } from './world.ts';

export interface Said {
  readonly message: SlackMessage;
  /** Of every event that the app was told of it. */
  readonly receipts: readonly Receipt[];
}

export interface SayingOptions {
  /** The thread's parent. */
  readonly thread?: SlackMessage;
  readonly files?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

export interface Writing {
  /** Type a slash command; inside a thread the platform refuses it. */
  slash(channel: SlackChannel, command: string, text: string, options?: { thread?: SlackMessage }): Promise<Outcome>;
  /** `@name`, `@channel` and `#channel` become mentions. Waits until the app was told. */
  says(channel: SlackChannel, text: string, options?: SayingOptions): Promise<Said>;
  /** A system message comes of it. */
  renames(channel: SlackChannel, name: string): Promise<SlackMessage>;
  /** `says`, with `@quartet` in front. */
  mentions(channel: SlackChannel, text: string, options?: SayingOptions): Promise<Said>;
}

/** What a person does with the keyboard. */
export function createWriting(
  platform: Platform,
  deliveries: readonly Delivery[],
  team: SlackTeam,
  user: SlackUser,
): Writing {
  const { world, app, tickets } = platform;

  const refuse = (channel: SlackChannel, text: string, thread?: SlackMessage): Outcome => {
    sayAsSlackbot(platform, channel, user.id, text, thread?.ts ?? null);
    return { receipt: null, refusal: text, triggerId: null, responseUrl: null };
  };

  const writing: Writing = {
    async slash(channel, command, text, { thread } = {}) {
      if (thread !== undefined) return refuse(channel, `${command} is not supported in threads. Sorry!`, thread);
      const known = app.commands.get(command);
      if (known === undefined || !team.installed) return refuse(channel, `${command} is not a valid command.`);
      const triggerId = tickets.createTrigger(team.id, user.id);
      const where = { team: team.id, channel: channel.id, user: user.id, threadTs: null, message: null };
      const ticket = tickets.createResponse(where);
      const responseUrl = platform.responseUrl(ticket);
      const receipt = await platform.deliver({
        kind: 'slash_commands',
        acceptsResponse: true,
        retry: null,
        payload: {
          token: 'verification-token',
          team_id: team.id,
          team_domain: team.domain,
          channel_id: channel.id,
          channel_name: sentName(channel),
          user_id: user.id,
          user_name: user.name,
          command,
          text: known.escapes ? typedText(world, team.id, text) : escapeText(text),
          api_app_id: app.id,
          is_enterprise_install: 'false',
          response_url: responseUrl,
          trigger_id: triggerId,
        },
      });
      if (receipt.outcome === 'failed') {
        const refused = refuse(channel, `${command} failed with the error "${failureName(receipt)}"`);
        return { ...refused, receipt, triggerId, responseUrl };
      }
      if (receipt.body !== null) {
        applyAnswer(platform, ticket, typeof receipt.body === 'string' ? { text: receipt.body } : receipt.body);
        world.changed();
      }
      return { receipt, refusal: null, triggerId, responseUrl };
    },

    async says(channel, text, { thread, files = [] } = {}) {
      if (channel.archived) throw new Error(`Expected #${channel.name} to be open, got one that is archived`);
      const seen = deliveries.length;
      const threadTs = thread === undefined ? null : (thread.threadTs ?? thread.ts);
      const uploaded = files.map(({ name, bytes }) => ownFile(name, bytes));
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
      const receipts = await heardBy(message, seen);
      return { message, receipts };
    },

    async renames(channel, name) {
      const text = `<@${user.id}> has renamed the channel from "${channel.name}" to "${name}"`;
      const seen = deliveries.length;
      channel.name = name;
      const message = post(platform, team, channel, { user: user.id, text, subtype: 'channel_name' });
      await heardBy(message, seen);
      return message;
    },

    mentions: (channel, text, options) => writing.says(channel, `@quartet ${text}`, options),
  };
  return writing;

  /** Wait until the app has answered to every event of a message, or failed to. */
  async function heardBy(message: SlackMessage, seen: number): Promise<Receipt[]> {
    const about = (): Delivery[] =>
      deliveries
        .slice(seen)
        .filter(({ envelope }) => (envelope.payload.event as Json | undefined)?.event_ts === message.ts);
    const heard = (): boolean => about().every(({ receipt }) => receipt !== null);
    await waitUntil(world, 'the app to hear of a message', heard, 10_000);
    return about().flatMap(({ receipt }) => receipt ?? []);
  }

  /** A file of this person's, there from the start: only uploads over the API are shared late. */
  function ownFile(name: string, bytes: Uint8Array): SlackFile {
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
    platform.emitEvent(team, 'app_mention', {
      ...toMessageJson(platform, message),
      type: 'app_mention',
      channel: channel.id,
      event_ts: message.ts,
    });
  }
}
