import type { GatewayMessageCreateDispatchData } from 'discord.js';
import type { Invocation } from '../../../commands/define-command.ts';
import { describeError } from '../../../commands/describe-error.ts';
import { dispatch, parseChange, parseCommandLine } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { FinishedJob, ReplyTo, Requester } from '../../jobs/job.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import { isAllowed, readSpot, type Spot } from './channels.ts';
import { readPictures } from './command-options.ts';
import { textDisplay } from './components.ts';
import type { DiscordParts } from './discord-parts.ts';
import { troubleOf } from './errors.ts';
import { createMessageAnswer } from './message-answer.ts';
import { answerNonce } from './message-ids.ts';
import { sendReply, textMessages } from './replies.ts';
import { type Ask, authorOf, isPublic, readRequester, replyToOf } from './requests.ts';

type Message = GatewayMessageCreateDispatchData;

/** Messages that mention the bot, answer one of its own, or are written to it alone; also words below a result. */
export function createMessageRequests(parts: DiscordParts) {
  const { api, client, services, logger, config } = parts;
  const { jobs } = services;

  /** What is left of a message that is meant for the bot; null for all others. */
  async function readMeant(message: Message, spot: Spot): Promise<{ text: string; result: FinishedJob | null } | null> {
    const self = client.user?.id;
    if (self === undefined || message.author.bot === true || message.webhook_id !== undefined) return null;
    const call = new RegExp(`<@!?${self}>`, 'g');
    const text = message.content.replaceAll(call, ' ').trim();
    const isReply = message.referenced_message?.author.id === self;
    const isMention = message.content.search(call) >= 0;
    const isDirect = spot.guild === null;
    if (!isReply && !isMention && !isDirect && spot.parent === null) return null;
    // Without the intent Discord leaves the text out of everything that does not mention the bot.
    if (text === '' && !isMention) return null;
    const result = await findResult(message, spot, isReply);
    if (result === null && !isMention && !isDirect && !isReply) return null;
    return { text, result };
  }

  async function findResult(message: Message, spot: Spot, isReply: boolean): Promise<FinishedJob | null> {
    const place = { platform: 'discord', workspace: spot.guild, channel: spot.parent ?? spot.channel } as const;
    const { message_reference: reference } = message;
    if (isReply && reference?.message_id !== undefined) {
      return jobs.findByMessage({ ...place, message: reference.message_id });
    }
    return spot.parent === null ? null : jobs.findByThread({ ...place, thread: spot.channel });
  }

  function askFrom(text: string, result: FinishedJob | null, message: Message, requester: Requester): Ask {
    const messages = messagesFor(requester.locale);
    const pictures = readPictures(message.attachments, config.DISCORD_CDN_URL);
    // A picture to start from is a fresh beginning; a mask or a control picture belongs to the result.
    if (result === null || 'image' in pictures) {
      const { command, options } = parseCommandLine(text, messages);
      return { command, options: command === 'imagine' ? { ...pictures, ...options } : options };
    }
    const { command, options } = parseChange(text, messages);
    return command === 'edit'
      ? { command, options: { ...pictures, ...options, job: result.id } }
      : { command, options };
  }

  async function answerMeant(message: Message, spot: Spot, text: string, result: FinishedJob | null): Promise<void> {
    const guild = spot.guild === null ? undefined : client.guilds.cache.get(spot.guild);
    // A message does not say which language its author reads.
    const locale = parts.locales.of(message.author.id) ?? guild?.preferredLocale ?? 'en';
    const requester = readRequester(authorOf(message), spot.guild, locale, parts.admins);
    const say = discordMessagesFor(locale);
    const answer = createMessageAnswer(api, message, logger);
    if (text === '') return answer.tell(textMessages(say.sayWhat));
    let ask: Ask;
    try {
      ask = askFrom(text, result, message, requester);
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      return answer.tell(textMessages(describeError(error, messagesFor(locale))));
    }
    if (isPublic(ask) && !isAllowed(spot, config.DISCORD_CHANNELS)) {
      return answer.tell(textMessages(say.notHere(config.DISCORD_CHANNELS.map((id) => `<#${id}>`))));
    }
    const shown = isPublic(ask) ? await announce(message, say.thinking, requester) : null;
    if (isPublic(ask) && shown === null) return;
    const invocation = { ...ask, requester, idempotencyKey: `discord:${message.id}` };
    await sendReply(await run({ ...invocation, replyTo: replyToOf(spot, shown) }), {
      answer: shown === null ? answer : createMessageAnswer(api, message, logger, shown),
      jobs,
      locale,
      board: parts.board,
    });
  }

  /** The message that a job will be shown in; null where the bot may not write, which the person is told. */
  async function announce(message: Message, text: string, requester: Requester): Promise<string | null> {
    const { id, channel_id: channel } = message;
    try {
      const components = [textDisplay(text)];
      return (await api.post(channel, { components }, { nonce: answerNonce(id), replyTo: id })).id;
    } catch (error) {
      if (troubleOf(error) !== 'no_access') throw error;
      logger.warn({ channel, err: error }, 'the bot was asked where it may not write');
      const words = discordMessagesFor(requester.locale).cannotPost(`<#${channel}>`);
      const direct = await api.directChannel(requester.userId);
      await api.post(direct, { content: words }, { nonce: answerNonce(id) });
      return null;
    }
  }

  async function run(invocation: Invocation & { readonly replyTo: ReplyTo }) {
    try {
      return await dispatch(invocation, services);
    } catch (error) {
      logger.error({ err: error, command: invocation.command }, 'a command failed');
      const text = describeError(error, messagesFor(invocation.requester.locale));
      return { kind: 'text', text, onlyForRequester: true } as const;
    }
  }

  return async (message: Message): Promise<void> => {
    const spot = readSpot(client, message.channel_id, message.guild_id ?? null);
    const meant = await readMeant(message, spot);
    if (meant !== null) await answerMeant(message, spot, meant.text, meant.result);
  };
}
