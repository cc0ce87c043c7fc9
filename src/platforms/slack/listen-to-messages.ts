import type { App } from '@slack/bolt';
import { z } from 'zod';
import type { CommandServices, OptionValue } from '../../../commands/define-command.ts';
import { parseChange, parseCommandLine } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { FinishedJob } from '../../jobs/job.ts';
import { pictureOptions } from '../attached-pictures.ts';
import { attachmentOf, picturesAmong } from './attachments.ts';
import { readBang, withoutMention } from './command-text.ts';
import type { Duplicates } from './duplicates.ts';
import { readNote } from './history.ts';
import type { Invoker, Reading, Wish } from './invoker.ts';

const messageSchema = z.object({
  type: z.enum(['message', 'app_mention']),
  subtype: z.string().optional(),
  channel: z.string(),
  channel_type: z.string().optional(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  text: z.string().default(''),
  ts: z.string(),
  thread_ts: z.string().optional(),
  client_msg_id: z.string().optional(),
  files: z.unknown().optional(),
});
type Message = z.output<typeof messageSchema>;

/** What else a message of a person may be than a plain one. */
const spoken = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message']);

export interface MessageListening {
  readonly invoker: Invoker;
  readonly services: CommandServices;
  readonly duplicates: Duplicates;
  readonly apiUrl: string;
}

/** Mentions everywhere, `!imagine` in channels and threads, anything said to the bot directly. */
export function listenToMessages(app: App, parts: MessageListening): void {
  app.event('app_mention', async ({ event, body, context }) => {
    await heed(event, body.event_id, context.teamId ?? body.team_id, parts, (message, reading) =>
      readTalk(message, withoutMention(message.text, reading.workspace.botUserId), reading, parts),
    );
  });

  app.event('message', async ({ event, body, context }) => {
    const parsed = messageSchema.safeParse(event);
    if (!parsed.success) return;
    const bang = readBang(parsed.data.text);
    const isDirect = parsed.data.channel_type === 'im';
    if (bang === null && !isDirect) return;
    await heed(event, body.event_id, context.teamId ?? body.team_id, parts, (message, reading) =>
      bang === null
        ? readTalk(message, withoutMention(message.text, reading.workspace.botUserId), reading, parts)
        : withPictures(parseCommandLine(bang, reading.messages), message, reading, parts),
    );
  });
}

async function heed(
  event: unknown,
  eventId: string,
  team: string,
  { invoker, duplicates }: MessageListening,
  read: (message: Message, reading: Reading) => Promise<Wish | null> | Wish | null,
): Promise<void> {
  const parsed = messageSchema.safeParse(event);
  if (!parsed.success) return;
  const message = parsed.data;
  const { channel, ts, user } = message;
  if (user === undefined || message.bot_id !== undefined || !spoken.has(message.subtype)) return;
  // One message may come as a mention and as a message, and each of them again under another id.
  const marks = [`event:${eventId}`, `message:${team}:${channel}:${ts}`];
  if (message.client_msg_id !== undefined) marks.push(`client:${team}:${channel}:${message.client_msg_id}`);
  if (duplicates.seen(marks)) return;
  await invoker.invoke(
    {
      place: { team, channel, thread: message.thread_ts ?? null },
      userId: user,
      nameHint: null,
      responseUrl: null,
      pressed: null,
      key: `slack:message:${channel}:${ts}`,
    },
    (reading) => read(message, reading),
  );
}

/** What was said to the bot: a prompt, or a command by its name. In the thread of a result it changes that result. */
async function readTalk(
  message: Message,
  text: string,
  reading: Reading,
  parts: MessageListening,
): Promise<Wish | null> {
  if (text === '' && picturesAmong(message.files).length === 0) {
    throw new InvalidRequestError('nothing_said', reading.say.refusal.nothingSaid);
  }
  if (/^[/!]/u.test(text)) return withPictures(parseCommandLine(text, reading.messages), message, reading, parts);
  const pictures = readPictures(message, reading, parts);
  // A picture to start from is a fresh beginning; a mask or a control picture belongs to the result.
  const result = 'image' in pictures ? null : await resultOfThread(message, reading, parts.services);
  if (result === null) {
    return withPictures(parseCommandLine(`/imagine ${text}`, reading.messages), message, reading, parts);
  }
  const { options } = parseChange(`/imagine ${text}`, reading.messages);
  return { command: 'edit', options: { ...pictures, ...options, job: result.id } };
}

/** The result that a thread is about: the newest in it, or the one that it hangs from. */
async function resultOfThread(
  { thread_ts: thread, channel }: Message,
  { workspace, place }: Reading,
  { jobs }: CommandServices,
): Promise<FinishedJob | null> {
  if (thread === undefined) return null;
  const shown = { platform: 'slack', workspace: place.team, channel } as const;
  const found =
    (await jobs.findByThread({ ...shown, thread })) ?? (await jobs.findByMessage({ ...shown, message: thread }));
  if (found !== null) return found;
  // The message with the buttons is known to nobody but itself.
  const note = await readNote(workspace, { ...place, thread: null }, thread).catch(() => null);
  const job = note === null ? null : await jobs.get(note.job);
  return job !== null && (job.state === 'drawn' || job.state === 'delivered') ? job : null;
}

function withPictures(wish: Wish, message: Message, reading: Reading, parts: MessageListening): Wish {
  if (wish.command !== 'imagine') return wish;
  return { ...wish, options: { ...readPictures(message, reading, parts), ...wish.options } };
}

function readPictures(
  { files }: Message,
  { workspace, say }: Reading,
  { apiUrl }: MessageListening,
): Readonly<Record<string, OptionValue>> {
  return pictureOptions(picturesAmong(files), (file) => attachmentOf(file, workspace, { apiUrl, say }));
}
