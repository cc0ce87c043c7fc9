import type { AnyComponent } from '../forms/component-form.ts';
import { type Embed, flags } from '../forms/message-form.ts';
import type { Platform } from '../platform.ts';
import type { Attachment, Message } from '../world.ts';
import { renderChannel, renderUser } from './guild.ts';

/** A message as the API shows it to the bot. */
export function renderMessage(
  platform: Platform,
  message: Message,
  options: { readonly withContent: boolean; readonly withReply?: boolean } = { withContent: true },
): Record<string, unknown> {
  const { world, application } = platform;
  const { channel, replyTo, interaction } = message;
  const visible = options.withContent;
  const layout = (message.flags & flags.componentsV2) !== 0;
  const replied = replyTo === null ? undefined : world.messages.get(replyTo.messageId);
  const thread = message.threadId === null ? undefined : world.channels.get(message.threadId);
  return {
    id: message.id,
    channel_id: channel.id,
    type: message.type,
    author: renderUser(message.author),
    content: visible ? message.content : '',
    timestamp: new Date(message.at).toISOString(),
    edited_timestamp: message.editedAt === null ? null : new Date(message.editedAt).toISOString(),
    tts: false,
    mention_everyone: message.mentions.everyone,
    mentions: message.mentions.users.flatMap((id) => {
      const user = world.users.get(id);
      return user === undefined ? [] : [renderUser(user)];
    }),
    mention_roles: message.mentions.roles,
    // Files that components show are not listed again: discord/discord-api-docs#8277.
    attachments: visible && !layout ? message.attachments.map((file) => renderAttachment(platform, file)) : [],
    embeds: visible ? message.embeds.map((embed) => renderEmbed(platform, message, embed)) : [],
    components: visible ? renderComponents(platform, message) : [],
    reactions: renderReactions(message, application.bot.id),
    pinned: false,
    flags: message.flags | (thread === undefined ? 0 : flags.hasThread),
    ...(thread === undefined ? {} : { thread: renderChannel(thread) }),
    ...(replyTo === null
      ? {}
      : {
          message_reference: {
            type: 0,
            message_id: replyTo.messageId,
            channel_id: replyTo.channelId,
            ...(channel.guildId === null ? {} : { guild_id: channel.guildId }),
          },
          ...(options.withReply === false
            ? {}
            : {
                referenced_message:
                  replied === undefined || replied.deleted
                    ? null
                    : renderMessage(platform, replied, { withContent: visible, withReply: false }),
              }),
        }),
    ...(interaction === null
      ? {}
      : {
          application_id: application.id,
          webhook_id: application.id,
          interaction_metadata: {
            id: interaction.id,
            type: interaction.type,
            user: renderUser(interaction.user),
            authorizing_integration_owners: {},
            name: interaction.command ?? undefined,
          },
        }),
  };
}

function renderEmbed(platform: Platform, message: Message, embed: Embed) {
  const picture = (part: Embed['image']) => {
    const file = message.attachments.find((candidate) => part?.url === `attachment://${candidate.filename}`);
    return file === undefined ? part : { ...part, url: platform.cdn.link(file) };
  };
  return {
    type: 'rich',
    ...embed,
    ...(embed.image == null ? {} : { image: picture(embed.image) }),
    ...(embed.thumbnail == null ? {} : { thumbnail: picture(embed.thumbnail) }),
  };
}

export function renderAttachment(platform: Platform, file: Attachment) {
  const url = platform.cdn.link(file);
  return {
    id: file.id,
    filename: file.filename,
    size: file.bytes.length,
    url,
    proxy_url: url,
    content_type: file.contentType,
    ...(file.width === null ? {} : { width: file.width, height: file.height }),
    ...(file.description === null ? {} : { description: file.description }),
    ...(file.spoiler ? { flags: 1 << 3 } : {}),
  };
}

function renderComponents(platform: Platform, message: Message): unknown[] {
  const media = (url: string): Record<string, unknown> => {
    const file = message.attachments.find((candidate) => url === `attachment://${candidate.filename}`);
    if (file === undefined) return { url, proxy_url: url, loading_state: 2 };
    const { id, filename: _, ...shown } = renderAttachment(platform, file);
    return { ...shown, attachment_id: id, loading_state: 2 };
  };
  let next = 1;
  const render = (component: AnyComponent): Record<string, unknown> => {
    const { ...shown } = component;
    const id = component.id ?? next++;
    switch (component.type) {
      case 1:
      case 17:
        return { ...shown, id, components: component.components.map(render) };
      case 9:
        return { ...shown, id, components: component.components.map(render), accessory: render(component.accessory) };
      case 11:
        return { ...shown, id, media: media(component.media.url) };
      case 12:
        return { ...shown, id, items: component.items.map((item) => ({ ...item, media: media(item.media.url) })) };
      case 13: {
        const file = media(component.file.url);
        return { ...shown, id, file, name: component.file.url.slice('attachment://'.length), size: file.size };
      }
      default:
        return { ...shown, id };
    }
  };
  return message.components.map(render);
}

function renderReactions(message: Message, botId: string): unknown[] {
  return [...new Set(message.reactions.map((reaction) => reaction.emoji))].map((emoji) => {
    const given = message.reactions.filter((reaction) => reaction.emoji === emoji);
    return {
      emoji: { id: null, name: emoji },
      count: given.length,
      count_details: { burst: 0, normal: given.length },
      burst_colors: [],
      me: given.some((reaction) => reaction.userId === botId),
      me_burst: false,
    };
  });
}
