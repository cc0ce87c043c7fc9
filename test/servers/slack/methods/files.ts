import { findChannel } from '../access.ts';
import { checkBlocks } from '../block-kit.ts';
import { toFileJson } from '../file-json.ts';
import { post, remove } from '../messages.ts';
import { type Json, Refusal } from '../refusal.ts';
import type { SlackChannel, SlackFile } from '../world.ts';
import type { Method, MethodCall } from './method.ts';

const longestAltText = 1000;
const largestFile = 1024 ** 3;

/** The three steps of an upload (two of them; the bytes go to `/upload/v1`), files.info, files.delete */
export const fileMethods = {
  'files.getUploadURLExternal': {
    tier: 'tier4',
    scopes: ['files:write'],
    run({ platform, team, args }) {
      const { world, baseUrl } = platform;
      const name = args.required('filename');
      const length = args.integer('length');
      if (length === null || length === 0) throw new Refusal('missing_argument');
      if (length > largestFile) throw new Refusal('file_upload_size_restricted');
      const altText = args.text('alt_txt');
      if ((altText?.length ?? 0) > longestAltText) throw new Refusal('alt_txt_too_large');
      const file: SlackFile = {
        id: world.nextId('F'),
        team: team.id,
        user: team.botUser,
        name,
        length,
        altText,
        createdMs: world.clock.now(),
        title: name,
        bytes: null,
        state: 'asked_for',
        shares: [],
      };
      world.files.set(file.id, file);
      return { upload_url: `${baseUrl}/upload/v1/${file.id}`, file_id: file.id };
    },
  },

  'files.completeUploadExternal': {
    tier: 'tier4',
    scopes: ['files:write'],
    run(call) {
      const { platform, team, args } = call;
      const files = readFiles(call);
      const channelId = args.text('channel_id') ?? args.text('channels');
      const channel = channelId === null ? null : findChannel(platform.world, team, channelId);
      if (channel !== null && !channel.members.has(team.botUser)) throw new Refusal('not_in_channel');
      if (channel?.archived === true) throw new Refusal('is_archived');
      const threadTs = channel === null ? null : parentOf(args.text('thread_ts'), channel);
      const comment = args.text('initial_comment');
      const blocks = comment === null && channel !== null ? checkBlocks(call, channel, 'invalid_blocks') : undefined;
      if (blocks?.some(({ type }) => type === 'markdown') === true) throw new Refusal('internal_error');
      for (const { file, title } of files) {
        file.state = 'complete';
        if (title !== null) file.title = title;
      }
      if (channel !== null && !platform.weather.neverShare) {
        const share = (): void => shareFiles(call, channel, files, { threadTs, text: comment ?? '', blocks });
        platform.world.clock.after(platform.shareDelayMs, share);
      }
      return { files: files.map(({ file }) => toFileJson(platform, file)) };
    },
  },

  'files.info': {
    tier: 'tier4',
    scopes: ['files:read'],
    run(call) {
      return { file: toFileJson(call.platform, knownFile(call)), comments: [], response_metadata: { next_cursor: '' } };
    },
  },

  'files.delete': {
    tier: 'tier3',
    scopes: ['files:write'],
    run(call) {
      const { platform, team } = call;
      const file = knownFile(call);
      if (file.user !== team.botUser) throw new Refusal('cant_delete_file');
      file.state = 'deleted';
      file.bytes = null;
      // A message of which nothing is left goes too.
      for (const { channel, ts } of file.shares) {
        const message = platform.world.channels.get(channel)?.messages.find((one) => one.ts === ts && !one.deleted);
        const empty = message?.text === '' && message.files.every(({ state }) => state === 'deleted');
        if (message !== undefined && empty) remove(platform, team, message);
      }
      return {};
    },
  },
} as const satisfies Record<string, Method>;

type Chosen = { readonly file: SlackFile; readonly title: string | null };

function readFiles({ platform, team, args }: MethodCall): Chosen[] {
  const list = args.json('files', 'invalid_arguments');
  if (!Array.isArray(list) || list.length === 0) throw new Refusal('invalid_arguments');
  return (list as Json[]).map(({ id, title }) => {
    const file = platform.world.files.get(String(id));
    const ready = file !== undefined && file.team === team.id && file.state === 'uploaded';
    if (!ready) throw new Refusal('file_not_found');
    return { file, title: typeof title === 'string' && title !== '' ? title : null };
  });
}

/** Files may answer a message, never another answer. */
function parentOf(ts: string | null, channel: SlackChannel): string | null {
  if (ts === null) return null;
  const parent = channel.messages.find((message) => message.ts === ts);
  if (parent === undefined || parent.threadTs !== null) throw new Refusal('invalid_thread_ts');
  return ts;
}

function shareFiles(
  { platform, team }: MethodCall,
  channel: SlackChannel,
  chosen: readonly Chosen[],
  content: { threadTs: string | null; text: string; blocks: Json[] | undefined },
): void {
  const files = chosen.map(({ file }) => file).filter(({ state }) => state === 'complete');
  if (files.length === 0) return;
  post(platform, team, channel, {
    user: team.botUser,
    botId: team.botId,
    subtype: 'file_share',
    text: content.text,
    blocks: content.blocks ?? [],
    files,
    threadTs: content.threadTs,
    onBirth(ts) {
      for (const file of files) file.shares.push({ channel: channel.id, ts, threadTs: content.threadTs });
    },
  });
}

function knownFile({ platform, team, args }: MethodCall): SlackFile {
  const file = platform.world.files.get(args.required('file'));
  if (file === undefined || file.team !== team.id || file.state === 'asked_for') throw new Refusal('file_not_found');
  if (file.state === 'deleted') throw new Refusal('file_deleted');
  return file;
}
