import {
  type APIInteraction,
  type APIInteractionResponse,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
} from 'discord.js';
import type { Logger } from 'pino';
import type { DiscordApi } from './api.ts';
import { troubleOf } from './errors.ts';
import type { Answer } from './replies.ts';

/** How an interaction is answered before anything is known. */
export type FirstAnswer =
  /** "Thinking", for everybody: a job's message comes of it. */
  | 'public'
  /** "Thinking", for whoever asked. */
  | 'private'
  /** Nothing that can be seen: the button's own message stays as it is. */
  | 'silent';

const responses: Readonly<Record<FirstAnswer, APIInteractionResponse>> = {
  public: { type: InteractionResponseType.DeferredChannelMessageWithSource },
  private: {
    type: InteractionResponseType.DeferredChannelMessageWithSource,
    data: { flags: MessageFlags.Ephemeral },
  },
  silent: { type: InteractionResponseType.DeferredMessageUpdate },
};

/** What came of the first answer. */
export interface Acknowledged {
  /** False where Discord did not take it: there is nothing to edit, and nobody can be told in private. */
  readonly isAnswered: boolean;
  /** The message that was made; null where none was, or its id is not known. */
  readonly message: string | null;
}

/** Answers first, before any other I/O. Never throws: what cannot be answered can still be done. */
export async function acknowledge(
  api: DiscordApi,
  interaction: APIInteraction,
  first: FirstAnswer,
  logger: Logger,
): Promise<Acknowledged> {
  try {
    return { isAnswered: true, message: await api.answer(interaction, responses[first]) };
  } catch (error) {
    const trouble = troubleOf(error);
    logger.warn({ err: error, interaction: interaction.id, trouble }, 'an interaction could not be answered at once');
    // A first try of ours that seemed to fail, or another process with the same token: there is an answer to edit.
    if (trouble !== 'already_answered') return { isAnswered: false, message: null };
    if (first === 'silent') return { isAnswered: true, message: null };
    const known = await api.readAnswer(interaction.token).catch(() => null);
    return { isAnswered: true, message: known?.id ?? null };
  }
}

export interface InteractionAnswerOptions {
  readonly api: DiscordApi;
  readonly interaction: APIInteraction;
  readonly first: FirstAnswer;
  readonly isAnswered: boolean;
  /** Whether the bot's own token reaches the channel. */
  readonly isVisible: boolean;
  readonly logger: Logger;
}

/** Answers an interaction in private, whatever was shown first. */
export function createInteractionAnswer(options: InteractionAnswerOptions): Answer {
  const { api, interaction, first, isAnswered, isVisible, logger } = options;
  const { token } = interaction;

  const tellPrivately: Answer['tell'] = async (messages) => {
    for (const message of messages) await api.followUp(token, { ...message, onlyForRequester: true });
  };

  return {
    async tell(messages) {
      if (!isAnswered) {
        logger.warn({ interaction: interaction.id }, 'there was no way left to answer an interaction');
        return;
      }
      const [head, ...rest] = messages;
      if (head === undefined) return;
      if (first === 'private') {
        await api.editAnswer(token, head);
        return tellPrivately(rest);
      }
      // What was announced to everybody turns out to be for one person only.
      if (first === 'public') await api.removeAnswer(token);
      return tellPrivately(messages);
    },
    async note(text) {
      if (isAnswered) await tellPrivately([{ content: text }]);
    },
    async removePressed() {
      if (interaction.type !== InteractionType.MessageComponent) return;
      const { id, channel_id: channel } = interaction.message;
      try {
        if (isVisible) await api.remove(channel, id);
        else if (isAnswered) await api.removeAnswer(token);
      } catch (error) {
        if (troubleOf(error) === 'message_gone') return;
        logger.warn({ err: error, message: id }, 'the message of a deleted result could not be removed');
      }
    },
  };
}

/** An answer that needs no work, for whoever asked only. */
export function privateWords(content: string): APIInteractionResponse {
  return {
    type: InteractionResponseType.ChannelMessageWithSource,
    data: { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } },
  };
}
