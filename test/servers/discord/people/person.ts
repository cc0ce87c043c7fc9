import { newMessageForm } from '../forms/message-form.ts';
import { interactionTypes } from '../interaction.ts';
import { deleteMessage, postMessage } from '../messages.ts';
import { may, requirePermissions } from '../permissions.ts';
import type { Platform } from '../platform.ts';
import { renderUser } from '../render/guild.ts';
import { renderMessage } from '../render/message.ts';
import { startThread } from '../threads.ts';
import { type Channel, isThread, type Message, messagesIn, type User } from '../world.ts';
import { type Answer, awaitAnswer } from './answer.ts';
import { type OptionValue, type PickedFile, toCommandData, toUpload } from './command-data.ts';
import { findCommand } from './find-command.ts';
import { findButton, findSelect } from './find-component.ts';
import { type FieldValue, toModalData } from './modal-data.ts';
import { sendInteraction } from './send-interaction.ts';

const mebibyte = 1_048_576;

export interface SayOptions {
  readonly replyTo?: Message;
  readonly files?: readonly PickedFile[];
  /** Whether a reply rings its author. @default true */
  readonly ringsAuthor?: boolean;
}

/** What somebody does in front of Discord, and what they see of it. */
export interface Person {
  readonly user: User;
  /** How they are written in a message. */
  readonly mention: string;
  /** Largest file that the bot may answer them with. */
  attachmentBytes: number;
  /** A slash command; `name` may hold sub-commands, as in `admin pause`. Comes back when it is answered, or has failed. */
  slash(channel: Channel, name: string, options?: Readonly<Record<string, OptionValue>>): Promise<Answer>;
  /** A command from a message's menu. */
  contextMenu(message: Message, name: string): Promise<Answer>;
  /** A button, by its label or its custom id. */
  press(message: Message, button: string): Promise<Answer>;
  /** Picks in a menu. */
  choose(message: Message, customId: string, values: readonly string[]): Promise<Answer>;
  /** Fill in the form of an answer. */
  submitModal(answer: Answer, values?: Readonly<Record<string, FieldValue>>): Promise<Answer>;
  /** Type into an option; null when no suggestions came in time. */
  autocomplete(
    channel: Channel,
    name: string,
    options: Readonly<Record<string, OptionValue>>,
    focused: string,
  ): Promise<Answer['interaction']['choices']>;
  says(channel: Channel, text: string, options?: SayOptions): Promise<Message>;
  /** Opens a post in a forum; comes back with its thread. */
  posts(forum: Channel, title: string, text: string): Promise<Channel>;
  /** What they see in a channel, their private answers included. */
  sees(channel: Channel): Message[];
  deletes(message: Message): void;
}

/** Somebody with an account. */
export function createPerson(platform: Platform, user: User): Person {
  const { world } = platform;
  const requireSight = (channel: Channel) => {
    const inside =
      channel.guildId === null ? channel.recipients.includes(user) : may(world, channel, user, 'ViewChannel');
    if (!inside) throw new Error(`Expected ${user.displayName} to see the channel ${channel.name || channel.id}.`);
  };
  const requireVisible = (message: Message) => {
    requireSight(message.channel);
    if (message.deleted || (message.onlyFor !== null && message.onlyFor !== user))
      throw new Error(`Expected ${user.displayName} to see the message ${message.id}.`);
  };
  const bytes = (channel: Channel) => {
    const tier = world.guilds.get(channel.guildId ?? '')?.boostTier ?? 0;
    return Math.max(person.attachmentBytes, tier === 3 ? 100 * mebibyte : tier === 2 ? 50 * mebibyte : 0);
  };

  const useCommand = async (
    channel: Channel,
    line: string,
    values: Readonly<Record<string, OptionValue>>,
    focused: string | null,
  ) => {
    requireSight(channel);
    const [name = '', ...path] = line.split(' ');
    const command = findCommand(platform, channel, user, 1, name);
    const { options, resolved } = await toCommandData(platform, command, path, values, focused);
    return sendInteraction(platform, {
      type: focused === null ? interactionTypes.command : interactionTypes.autocomplete,
      user,
      channel,
      attachmentBytes: bytes(channel),
      commandName: line,
      data: {
        id: command.id,
        name,
        type: 1,
        options,
        resolved,
        ...(command.guildId === null ? {} : { guild_id: command.guildId }),
      },
    });
  };
  const useComponent = async (message: Message, data: unknown): Promise<Answer> =>
    awaitAnswer(
      platform,
      sendInteraction(platform, {
        type: interactionTypes.component,
        user,
        channel: message.channel,
        attachmentBytes: bytes(message.channel),
        source: message,
        data,
      }),
    );

  const person: Person = {
    user,
    mention: `<@${user.id}>`,
    attachmentBytes: 10 * mebibyte,
    slash: async (channel, name, options = {}) => awaitAnswer(platform, await useCommand(channel, name, options, null)),
    async autocomplete(channel, name, options, focused) {
      const answer = await awaitAnswer(platform, await useCommand(channel, name, options, focused));
      return answer.interaction.choices;
    },
    async contextMenu(message, name) {
      requireVisible(message);
      const { channel } = message;
      const command = findCommand(platform, channel, user, 3, name);
      return awaitAnswer(
        platform,
        sendInteraction(platform, {
          type: interactionTypes.command,
          user,
          channel,
          attachmentBytes: bytes(channel),
          commandName: name,
          data: {
            id: command.id,
            name,
            type: 3,
            target_id: message.id,
            resolved: {
              messages: { [message.id]: renderMessage(platform, message) },
              users: { [message.author.id]: renderUser(message.author) },
            },
            ...(command.guildId === null ? {} : { guild_id: command.guildId }),
          },
        }),
      );
    },
    async press(message, button) {
      requireVisible(message);
      const found = findButton(message, button);
      return useComponent(message, { custom_id: found.custom_id, component_type: 2, id: found.id ?? 1 });
    },
    async choose(message, customId, values) {
      requireVisible(message);
      const menu = findSelect(message, customId);
      return useComponent(message, { custom_id: customId, component_type: menu.type, id: menu.id ?? 1, values });
    },
    async submitModal(answer, values = {}) {
      const { modal, channel, source } = answer.interaction;
      if (modal === null) throw new Error('Expected a form to fill in.');
      const data = await toModalData(platform, modal, values);
      return awaitAnswer(
        platform,
        sendInteraction(platform, {
          type: interactionTypes.modal,
          user,
          channel,
          attachmentBytes: bytes(channel),
          source,
          data,
        }),
      );
    },
    async says(channel, text, { replyTo, files = [], ringsAuthor = true } = {}) {
      requireSight(channel);
      requirePermissions(world, channel, user, 'SendMessages');
      if (isThread(channel)) channel.threadMembers.add(user.id);
      return postMessage(platform, {
        channel,
        author: user,
        maxFileBytes: 10 * mebibyte,
        files: files.map((file, index) => ({ key: String(index), ...toUpload(file) })),
        form: newMessageForm.parse({
          content: text,
          ...(replyTo === undefined
            ? {}
            : { message_reference: { message_id: replyTo.id, channel_id: replyTo.channel.id } }),
          ...(ringsAuthor ? {} : { allowed_mentions: { parse: ['users', 'roles', 'everyone'], replied_user: false } }),
        }),
      });
    },
    async posts(forum, title, text) {
      requireSight(forum);
      const post = startThread(platform, { parent: forum, name: title, owner: user });
      const form = newMessageForm.parse({ content: text });
      await postMessage(platform, { id: post.id, channel: post, author: user, form, files: [], maxFileBytes: 0 });
      return post;
    },
    sees(channel) {
      requireSight(channel);
      return messagesIn(world, channel, user);
    },
    deletes: (message) => deleteMessage(platform, message),
  };
  return person;
}
