import { z } from 'zod';
import { snowflake } from '../snowflake.ts';
import { problem } from './parse-form.ts';

/** Message flags that this server knows. */
export const flags = {
  suppressEmbeds: 1 << 2,
  hasThread: 1 << 5,
  ephemeral: 1 << 6,
  loading: 1 << 7,
  suppressNotifications: 1 << 12,
  componentsV2: 1 << 15,
} as const;

const url = z
  .string()
  .max(2048)
  .regex(/^(attachment|https?):\/\/./);

const embed = z.object({
  title: z.string().max(256).nullish(),
  description: z.string().max(4096).nullish(),
  url: z.string().nullish(),
  timestamp: z.string().nullish(),
  color: z.int().min(0).max(0xffffff).nullish(),
  footer: z.object({ text: z.string().max(2048), icon_url: url.nullish() }).nullish(),
  image: z.object({ url }).nullish(),
  thumbnail: z.object({ url }).nullish(),
  author: z.object({ name: z.string().min(1).max(256), url: z.string().nullish(), icon_url: url.nullish() }).nullish(),
  fields: z
    .array(
      z.object({ name: z.string().min(1).max(256), value: z.string().min(1).max(1024), inline: z.boolean().nullish() }),
    )
    .max(25)
    .nullish(),
});
export type Embed = z.infer<typeof embed>;

const embeds = z
  .array(embed)
  .max(10)
  .superRefine((list, context) => {
    const length = list.reduce(
      (sum, item) =>
        sum +
        [
          item.title,
          item.description,
          item.footer?.text,
          item.author?.name,
          ...(item.fields ?? []).flatMap((field) => [field.name, field.value]),
        ]
          .map((text) => text?.length ?? 0)
          .reduce((left, right) => left + right, 0),
      0,
    );
    if (length > 6000) context.addIssue(problem('MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000'));
  });

const allowedMentions = z
  .object({
    parse: z.array(z.enum(['roles', 'users', 'everyone'])).nullish(),
    roles: z.array(snowflake).max(100).nullish(),
    users: z.array(snowflake).max(100).nullish(),
    replied_user: z.boolean().nullish(),
  })
  .superRefine((value, context) => {
    for (const kind of ['users', 'roles'] as const) {
      if (value.parse?.includes(kind) && value[kind]?.length)
        context.addIssue(
          problem(
            'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
            `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
          ),
        );
    }
  });
export type AllowedMentions = z.infer<typeof allowedMentions>;

const attachment = z.object({
  /** The n of `files[n]`, or the id of a file that is already there. */
  id: z.union([z.int().min(0), snowflake]).transform(String),
  filename: z.string().max(260).nullish(),
  description: z.string().max(1024).nullish(),
  title: z.string().max(1024).nullish(),
  is_spoiler: z.boolean().nullish(),
});
export type AttachmentEntry = z.infer<typeof attachment>;

const body = {
  content: z.string().max(2000).nullish(),
  embeds: embeds.nullish(),
  allowed_mentions: allowedMentions.nullish(),
  components: z.unknown().optional(),
  attachments: z.array(attachment).nullish(),
  flags: z.int().min(0).nullish(),
};

/** What a new message may hold; components are checked apart, because flags decide which are allowed. */
export const newMessageForm = z.object({
  ...body,
  tts: z.boolean().nullish(),
  nonce: z.union([z.int().transform(String), z.string().max(25)]).nullish(),
  enforce_nonce: z.boolean().nullish(),
  message_reference: z
    .object({
      type: z.int().nullish(),
      message_id: snowflake,
      channel_id: snowflake.nullish(),
      guild_id: snowflake.nullish(),
      fail_if_not_exists: z.boolean().nullish(),
    })
    .nullish(),
  sticker_ids: z.array(snowflake).max(3).nullish(),
  poll: z.unknown().optional(),
});
export type NewMessageForm = z.infer<typeof newMessageForm>;

/** What an edit may hold: an absent field stays as it is. */
export const messageEditForm = z.object(body);
export type MessageEditForm = z.infer<typeof messageEditForm>;
