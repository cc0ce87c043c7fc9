import {
  type APIDMChannel,
  type APIInteraction,
  type APIInteractionResponse,
  type APIMessage,
  type REST,
  type RESTPostAPIInteractionCallbackWithResponseResult,
  Routes,
} from 'discord.js';
import { discordLimits } from './limits.ts';
import { messageBody, type OutgoingMessage, rawFiles } from './outgoing.ts';

interface Cancellable {
  readonly signal?: AbortSignal;
}

/** The requests that the bot makes, each in one line of intent. Errors are discord.js's own. */
export interface DiscordApi {
  /** The first answer to an interaction; returns the id of the message that it made, if it made one. */
  answer(interaction: APIInteraction, response: APIInteractionResponse): Promise<string | null>;
  /** The message that an answered interaction has. */
  readAnswer(token: string): Promise<APIMessage>;
  editAnswer(token: string, message: OutgoingMessage, options?: Cancellable): Promise<APIMessage>;
  removeAnswer(token: string): Promise<void>;
  /** One more message to an answered interaction. */
  followUp(token: string, message: OutgoingMessage): Promise<APIMessage>;
  /** The same nonce again within a few minutes gives the first message instead of a second one. */
  post(
    channel: string,
    message: OutgoingMessage,
    options: Cancellable & { readonly nonce: string; readonly replyTo?: string },
  ): Promise<APIMessage>;
  edit(channel: string, message: string, content: OutgoingMessage, options?: Cancellable): Promise<APIMessage>;
  remove(channel: string, message: string): Promise<void>;
  /** The first messages after the id `after`, newest first. */
  messagesAfter(channel: string, after: string, options?: Cancellable): Promise<readonly APIMessage[]>;
  /** The channel of direct messages with somebody. */
  directChannel(userId: string, options?: Cancellable): Promise<string>;
}

/** `applicationId` is asked for with each request: it is known once the program has started. */
export function createDiscordApi(rest: REST, applicationId: () => string): DiscordApi {
  const original = (token: string) => Routes.webhookMessage(applicationId(), token, '@original');
  const send = (message: OutgoingMessage, more: object = {}) => ({
    body: { ...messageBody(message), ...more },
    files: rawFiles(message),
  });
  // Whoever has the token of an interaction needs no other; and a refused one must not cost the bot its own.
  const byToken = { auth: false } as const;

  return {
    async answer({ id, token }, response) {
      const query = new URLSearchParams({ with_response: 'true' });
      const route = Routes.interactionCallback(id, token);
      const answered = await rest.post(route, { ...byToken, query, body: response });
      // What Discord documents for `with_response`.
      const { interaction } = answered as RESTPostAPIInteractionCallbackWithResponseResult;
      return interaction.response_message_id ?? null;
    },
    readAnswer: async (token) => (await rest.get(original(token), byToken)) as APIMessage,
    editAnswer: async (token, message, options) =>
      (await rest.patch(original(token), { ...byToken, ...options, ...send(message) })) as APIMessage,
    async removeAnswer(token) {
      await rest.delete(original(token), byToken);
    },
    followUp: async (token, message) =>
      (await rest.post(Routes.webhook(applicationId(), token), { ...byToken, ...send(message) })) as APIMessage,
    async post(channel, message, { nonce, replyTo, ...options }) {
      const more = {
        nonce,
        enforce_nonce: true,
        ...(replyTo === undefined ? {} : { message_reference: { message_id: replyTo, fail_if_not_exists: false } }),
      };
      return (await rest.post(Routes.channelMessages(channel), { ...options, ...send(message, more) })) as APIMessage;
    },
    edit: async (channel, message, content, options) =>
      (await rest.patch(Routes.channelMessage(channel, message), { ...options, ...send(content) })) as APIMessage,
    async remove(channel, message) {
      await rest.delete(Routes.channelMessage(channel, message));
    },
    async messagesAfter(channel, after, options) {
      const query = new URLSearchParams({ after, limit: String(discordLimits.maxMessagesFetched) });
      return (await rest.get(Routes.channelMessages(channel), { ...options, query })) as APIMessage[];
    },
    async directChannel(userId, options) {
      const body = { recipient_id: userId };
      return ((await rest.post(Routes.userChannels(), { ...options, body })) as APIDMChannel).id;
    },
  };
}
