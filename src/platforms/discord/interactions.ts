import {
  type APIInteraction,
  type APIInteractionResponse,
  type APIMessageComponentInteraction,
  type APIModalSubmitInteraction,
  ApplicationCommandType,
  InteractionResponseType,
  InteractionType,
} from 'discord.js';
import type { Reply } from '../../../commands/define-command.ts';
import { describeError } from '../../../commands/describe-error.ts';
import { commands, dispatch } from '../../../commands/index.ts';
import type { Requester } from '../../jobs/job.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { ReadButton } from '../button-id.ts';
import { suggest } from './autocomplete.ts';
import { isAllowed, isVisible, readSpot } from './channels.ts';
import { readDrawThis, readSlashCommand } from './command-options.ts';
import type { DiscordParts } from './discord-parts.ts';
import { readEditForm } from './edit-form.ts';
import { acknowledge, createInteractionAnswer, type FirstAnswer, privateWords } from './interaction-answer.ts';
import { openEditForm } from './open-edit-form.ts';
import { answerToken, writeMessageReference } from './place.ts';
import { sendReply } from './replies.ts';
import { type Ask, isPublic, personOf, readRequester, replyToOf } from './requests.ts';

/** Handles one interaction to its end; errors that reach the caller are for the log. */
export function createInteractions(parts: DiscordParts) {
  const { api, ids, client, services, logger, config } = parts;

  const say = (interaction: APIInteraction, response: APIInteractionResponse) => api.answer(interaction, response);

  const requesterOf = (interaction: APIInteraction): Requester => {
    const locale = 'locale' in interaction ? interaction.locale : 'en';
    const person = personOf(interaction);
    parts.locales.learn(person.user.id, locale);
    return readRequester(person, interaction.guild_id ?? null, locale, parts.admins);
  };

  async function run(interaction: APIInteraction, ask: Ask, first: FirstAnswer): Promise<void> {
    const requester = requesterOf(interaction);
    const { id, token, channel, guild_id: guild = null } = interaction;
    if (channel === undefined) throw new TypeError('Expected an interaction to come from a channel, got none');
    const spot = readSpot(client, channel.id, guild, channel);
    if (isPublic(ask) && !isAllowed(spot, config.DISCORD_CHANNELS)) {
      const channels = config.DISCORD_CHANNELS.map((allowed) => `<#${allowed}>`);
      await say(interaction, privateWords(discordMessagesFor(requester.locale).notHere(channels)));
      return;
    }
    const received = parts.clock();
    const { isAnswered, message } = await acknowledge(api, interaction, first, logger);
    const visible = isVisible(interaction);
    const answer = isAnswered ? answerToken(token, interaction.attachment_size_limit, received) : null;
    const reference = writeMessageReference({ message, isVisible: visible, answer });
    const reply = await answerTo(
      { ...ask, requester, replyTo: replyToOf(spot, reference), idempotencyKey: `discord:${id}` },
      requester,
    );
    await sendReply(reply, {
      answer: createInteractionAnswer({ api, interaction, first, isAnswered, isVisible: visible, logger }),
      jobs: services.jobs,
      locale: requester.locale,
      board: parts.board,
    });
  }

  async function answerTo(invocation: Parameters<typeof dispatch>[0], { locale }: Requester): Promise<Reply> {
    try {
      return await dispatch(invocation, services);
    } catch (error) {
      logger.error({ err: error, command: invocation.command }, 'a command failed');
      return { kind: 'text', text: describeError(error, messagesFor(locale)), onlyForRequester: true };
    }
  }

  /** The button behind an id, if this person may press it; else they are told why not. */
  async function readOwn(
    interaction: APIMessageComponentInteraction | APIModalSubmitInteraction,
    { userId, locale, isAdmin }: Requester,
  ): Promise<ReadButton | null> {
    const button = ids.read(interaction.data.custom_id);
    const words = discordMessagesFor(locale);
    if (button !== null && (isAdmin || button.mayPress(userId))) return button;
    await say(interaction, privateWords(button === null ? words.forgedButton : words.foreignButton));
    return null;
  }

  async function press(interaction: APIMessageComponentInteraction): Promise<void> {
    const requester = requesterOf(interaction);
    const button = await readOwn(interaction, requester);
    if (button === null) return;
    const { command, job, picture } = button;
    if (command === 'edit') {
      await say(interaction, await openEditForm(parts, interaction.data.custom_id, job, requester));
      return;
    }
    const ask = { command, options: { job, ...(picture === null ? {} : { picture }) } };
    const first = isPublic(ask) ? 'public' : command === 'details' ? 'private' : 'silent';
    await run(interaction, ask, first);
  }

  async function submit(interaction: APIModalSubmitInteraction): Promise<void> {
    const requester = requesterOf(interaction);
    const button = await readOwn(interaction, requester);
    if (button === null) return;
    let filled: Ask['options'];
    try {
      filled = readEditForm(interaction, config.DISCORD_CDN_URL, requester.locale);
    } catch (error) {
      await say(interaction, privateWords(describeError(error, messagesFor(requester.locale))));
      return;
    }
    await run(interaction, { command: button.command, options: { ...filled, job: button.job } }, 'public');
  }

  return async (interaction: APIInteraction): Promise<void> => {
    switch (interaction.type) {
      case InteractionType.ApplicationCommandAutocomplete: {
        const unfinished = parts.unfinished.of(personOf(interaction).user.id);
        await say(interaction, {
          type: InteractionResponseType.ApplicationCommandAutocompleteResult,
          data: suggest(interaction, commands, services, unfinished),
        });
        return;
      }
      case InteractionType.ApplicationCommand: {
        const { data } = interaction;
        // Discord tells the kinds of command apart by a field within `data`, which the type of the whole does not follow.
        const ask =
          data.type === ApplicationCommandType.ChatInput
            ? readSlashCommand(interaction as Parameters<typeof readSlashCommand>[0], config.DISCORD_CDN_URL)
            : data.type === ApplicationCommandType.Message
              ? readDrawThis(interaction as Parameters<typeof readDrawThis>[0], config.DISCORD_CDN_URL)
              : null;
        if (ask !== null) return run(interaction, ask, isPublic(ask) ? 'public' : 'private');
        await say(interaction, privateWords(discordMessagesFor(requesterOf(interaction).locale).nothingInMessage));
        return;
      }
      case InteractionType.MessageComponent:
        return press(interaction);
      case InteractionType.ModalSubmit:
        return submit(interaction);
      default:
        return;
    }
  };
}
