import type { GatewayMessageCreateDispatchData } from 'discord.js';
import type { Logger } from 'pino';
import type { DiscordApi } from './api.ts';
import { textDisplay } from './components.ts';
import { troubleOf } from './errors.ts';
import { answerNonce } from './message-ids.ts';
import type { OutgoingMessage } from './outgoing.ts';
import type { Answer } from './replies.ts';

/** Answers a message in its channel: there is no answer to a message that others do not see. */
export function createMessageAnswer(
  api: DiscordApi,
  { id, channel_id: channel }: GatewayMessageCreateDispatchData,
  logger: Logger,
  /** The bot's message that announced a job of which nothing came. */
  announced: string | null = null,
): Answer {
  const post = (message: OutgoingMessage, index: number) =>
    api.post(channel, message, { nonce: `${answerNonce(id)}${index}`, replyTo: id });

  return {
    async tell(messages) {
      const [head, ...rest] = messages;
      if (head === undefined) return;
      try {
        if (announced === null) await post(head, 0);
        // A message with components stays one.
        else await api.edit(channel, announced, 'content' in head ? { components: [textDisplay(head.content)] } : head);
        for (const [index, message] of rest.entries()) await post(message, index + 1);
      } catch (error) {
        if (troubleOf(error) !== 'no_access') throw error;
        logger.warn({ channel, err: error }, 'the bot was asked where it may not write');
      }
    },
    async note(text) {
      await post({ content: text }, 0);
    },
    // Buttons are pressed, not written.
    removePressed: () => Promise.resolve(),
  };
}
