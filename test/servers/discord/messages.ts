import { announceMessage } from './announce.ts';
import { mergeFiles, requireReferences } from './attachments.ts';
import type { Component } from './forms/component-form.ts';
import { mediaOf, parseComponents, textsOf } from './forms/component-tree.ts';
import { flags, type MessageEditForm, type NewMessageForm } from './forms/message-form.ts';
import { findMentions } from './mentions.ts';
import type { Platform } from './platform.ts';
import { invalidForm, refusals } from './refusal.ts';
import type { UploadedFile } from './request-body.ts';
import type { Attachment, Channel, Message, User } from './world.ts';

/** Everything about a new message that its form does not say. */
export interface MessageDraft {
  readonly channel: Channel;
  readonly author: User;
  readonly form: NewMessageForm;
  readonly files: readonly UploadedFile[];
  readonly maxFileBytes: number;
  readonly type?: number;
  /** The first message of a forum post has the post's id. */
  readonly id?: string;
  readonly interaction?: Message['interaction'];
  readonly onlyFor?: User | null;
  /** The empty message that says "is thinking". */
  readonly loading?: boolean;
}

/** Put a message into a channel, or say what is wrong with it. */
export async function postMessage(platform: Platform, draft: MessageDraft): Promise<Message> {
  const { channel, author, form } = draft;
  const { world } = platform;
  const content = (form.content ?? '').trim();
  const layout = ((form.flags ?? 0) & flags.componentsV2) !== 0;
  const components = parseComponents(form.components ?? [], layout);
  if (layout) refuseLegacyFields(content, form.embeds ?? [], form.poll);
  const attachments = await mergeFiles(platform, {
    folder: `${draft.onlyFor ? 'ephemeral-attachments' : 'attachments'}/${channel.id}`,
    present: [],
    entries: form.attachments ?? undefined,
    files: draft.files,
    maxFileBytes: draft.maxFileBytes,
  });
  requireReferences(mediaOf(components), namesOf(attachments));
  refuseEmpty(draft, components, attachments);

  const reference = form.message_reference ?? null;
  const referenced = reference === null ? undefined : world.messages.get(reference.message_id);
  if (reference !== null && (referenced === undefined || referenced.deleted) && reference.fail_if_not_exists !== false)
    throw invalidForm([
      { path: ['message_reference'], code: 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', message: 'Unknown message' },
    ]);
  const message: Message = {
    id: draft.id ?? platform.nextId(),
    channel,
    author,
    type: draft.type ?? (reference === null ? 0 : 19),
    at: platform.clock.now(),
    content,
    embeds: form.embeds ?? [],
    components,
    attachments,
    flags:
      ((form.flags ?? 0) & (flags.suppressEmbeds | flags.suppressNotifications | flags.componentsV2)) |
      (draft.onlyFor ? flags.ephemeral : 0) |
      (draft.loading ? flags.loading : 0),
    editedAt: null,
    deleted: false,
    nonce: form.nonce ?? null,
    replyTo:
      reference === null ? null : { channelId: reference.channel_id ?? channel.id, messageId: reference.message_id },
    interaction: draft.interaction ?? null,
    onlyFor: draft.onlyFor ?? null,
    versions: [],
    allowedMentions: form.allowed_mentions ?? null,
    mentions: findMentions(world, {
      texts: [content, ...textsOf(components)],
      allowed: form.allowed_mentions ?? null,
      channel,
      author,
      repliedTo: referenced?.author ?? null,
    }),
    reactions: [],
    threadId: null,
  };
  remember(platform, message);
  world.messages.set(message.id, message);
  announceMessage(platform, 'MESSAGE_CREATE', message);
  platform.changed();
  return message;
}

export interface MessageEdit {
  readonly form: MessageEditForm;
  readonly files: readonly UploadedFile[];
  readonly maxFileBytes: number;
  /** The answer that takes the place of "is thinking": it counts as the message itself, not as an edit. */
  readonly endsLoading: boolean;
}

/** Change a message, or say what is wrong with the change. */
export async function editMessage(platform: Platform, message: Message, edit: MessageEdit): Promise<void> {
  const { form, files, maxFileBytes } = edit;
  const layout = ((message.flags | (form.flags ?? 0)) & flags.componentsV2) !== 0;
  const content = form.content === undefined ? message.content : (form.content ?? '').trim();
  const embeds = form.embeds === undefined ? message.embeds : (form.embeds ?? []);
  const components =
    form.components === undefined ? message.components : parseComponents(form.components ?? [], layout);
  if (layout) refuseLegacyFields(content, embeds, undefined);
  const attachments = await mergeFiles(platform, {
    folder: `attachments/${message.channel.id}`,
    present: message.attachments,
    entries: form.attachments === undefined ? undefined : (form.attachments ?? []),
    files,
    maxFileBytes,
  });
  // New files of an edit can only be shown when `attachments` lists them: discord/discord-api-docs#7529.
  const listed = new Set(files.filter((file) => form.attachments?.some((entry) => entry.id === file.key)));
  const hidden = files.length - listed.size;
  const shown = hidden === 0 ? attachments : attachments.slice(0, attachments.length - hidden);
  requireReferences(mediaOf(components), namesOf(shown));
  if (content === '' && embeds.length === 0 && components.length === 0 && attachments.length === 0)
    throw refusals.emptyMessage();

  const first = edit.endsLoading && (message.flags & flags.loading) !== 0;
  const changeable = flags.suppressEmbeds | flags.componentsV2;
  const asked =
    form.flags == null ? message.flags : (message.flags & ~flags.suppressEmbeds) | (form.flags & changeable);
  const allowed = form.allowed_mentions ?? null;
  Object.assign(message, {
    content,
    embeds,
    components,
    attachments,
    flags: first ? asked & ~flags.loading : asked,
    editedAt: first ? null : platform.clock.now(),
    allowedMentions: allowed,
    mentions: findMentions(platform.world, {
      texts: [content, ...textsOf(components)],
      allowed,
      channel: message.channel,
      author: message.author,
      repliedTo: null,
    }),
  } satisfies Partial<Message>);
  remember(platform, message);
  announceMessage(platform, 'MESSAGE_UPDATE', message);
  platform.changed();
}

/** Take a message away. */
export function deleteMessage(platform: Platform, message: Message): void {
  message.deleted = true;
  announceMessage(platform, 'MESSAGE_DELETE', message);
  platform.changed();
}

function remember(platform: Platform, message: Message): void {
  const { content, embeds, components, attachments } = message;
  message.versions.push({ at: platform.clock.now(), content, embeds, components, attachments, flags: message.flags });
}

function namesOf(attachments: readonly Attachment[]): Set<string> {
  return new Set(attachments.map((file) => file.filename));
}

function refuseLegacyFields(content: string, embeds: readonly unknown[], poll: unknown): void {
  const used = [
    ['content', content !== ''],
    ['embeds', embeds.length > 0],
    ['poll', poll != null],
  ] as const;
  const problems = used
    .filter(([, present]) => present)
    .map(([field]) => ({
      path: [field],
      code: 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
      message: `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
    }));
  if (problems.length > 0) throw invalidForm(problems);
}

function refuseEmpty(draft: MessageDraft, components: readonly Component[], attachments: readonly Attachment[]): void {
  const { form } = draft;
  const holds =
    (form.content ?? '').trim() !== '' ||
    (form.embeds ?? []).length > 0 ||
    components.length > 0 ||
    attachments.length > 0 ||
    (form.sticker_ids ?? []).length > 0 ||
    form.poll != null;
  if (!holds && draft.loading !== true) throw refusals.emptyMessage();
}
