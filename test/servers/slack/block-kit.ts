import type { ZodError, ZodType } from 'zod';
import { homeTab, messageBlocks, modal } from './blocks.ts';
import type { MethodCall } from './methods/method.ts';
import type { Platform } from './platform.ts';
import { type Json, Refusal, refuseWithMessages } from './refusal.ts';
import type { SlackChannel } from './world.ts';

/** The blocks of a call, checked as the platform checks them; undefined when there are none. */
export function checkBlocks(call: MethodCall, channel: SlackChannel | null, code: string): Json[] | undefined {
  const blocks = call.args.json('blocks', 'invalid_blocks_format');
  return blocks === undefined ? undefined : checkMessageBlocks(call.platform, channel, blocks, code);
}

/** Blocks that shall stand in a message. */
export function checkMessageBlocks(
  platform: Platform,
  channel: SlackChannel | null,
  blocks: unknown,
  code: string,
): Json[] {
  if (!Array.isArray(blocks)) throw new Refusal('invalid_blocks_format');
  const complaints = [
    ...complaintsOf(messageBlocks, blocks, '/blocks'),
    ...duplicates(blocks as Json[]),
    ...unseenPictures(platform, channel, blocks, '/blocks'),
  ];
  if (complaints.length > 0) throw refuseWithMessages(code, complaints);
  return blocks as Json[];
}

/** A modal or a home tab. */
export function checkView(platform: Platform, view: unknown, kind: 'modal' | 'home'): Json {
  const complaints = complaintsOf(kind === 'modal' ? modal : homeTab, view, '/view');
  if (complaints.length === 0) {
    const { blocks, submit } = view as { blocks: Json[]; submit?: unknown };
    complaints.push(...duplicates(blocks), ...unseenPictures(platform, null, blocks, '/view/blocks'));
    const asks = blocks.some(({ type }) => type === 'input');
    if (kind === 'modal' && asks && submit === undefined) {
      complaints.push('missing required field: submit [json-pointer:/view]');
    }
  }
  if (complaints.length > 0) throw refuseWithMessages('invalid_arguments', complaints);
  if (JSON.stringify(view).length > 250_000) throw new Refusal('view_too_large');
  return view as Json;
}

function complaintsOf(schema: ZodType, value: unknown, at: string): string[] {
  const { error } = schema.safeParse(value);
  return error === undefined ? [] : error.issues.map((issue) => toComplaint(issue, at));
}

function toComplaint(issue: ZodError['issues'][number], at: string): string {
  return `${sentence(issue)} [json-pointer:${[at, ...issue.path.map(String)].join('/')}]`;
}

function sentence(issue: ZodError['issues'][number]): string {
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'array'
        ? `no more than ${String(issue.maximum)} items allowed`
        : `must be less than ${Number(issue.maximum) + 1} characters`;
    case 'too_small':
      return issue.origin === 'array'
        ? `must have at least ${String(issue.minimum)} items`
        : `must be more than ${Number(issue.minimum) - 1} characters`;
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'unsupported type';
    case 'invalid_type':
      return `must be a valid ${issue.expected}`;
    default:
      return issue.message;
  }
}

/** Block ids are unique in a message, action ids in a block. */
function duplicates(blocks: readonly Json[]): string[] {
  const twice = (ids: readonly unknown[]): unknown[] =>
    ids.filter((id, at) => id !== undefined && ids.indexOf(id) !== at);
  return [
    ...twice(blocks.map(({ block_id }) => block_id)).map((id) => `block_id ${String(id)} already exists`),
    ...blocks.flatMap(({ elements }) =>
      twice(Array.isArray(elements) ? (elements as Json[]).map(({ action_id }) => action_id) : []).map(
        (id) => `action_id ${String(id)} already exists`,
      ),
    ),
  ];
}

/** Pictures that the people in the channel could not see, or that the platform could not fetch. */
function unseenPictures(platform: Platform, channel: SlackChannel | null, value: unknown, at: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => unseenPictures(platform, channel, item, `${at}/${index}`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const { slack_file, image_url } = value as { slack_file?: { id?: string; url?: string }; image_url?: string };
  const complaints: string[] = [];
  if (slack_file !== undefined) {
    const file = [...platform.world.files.values()].find(
      ({ id }) => id === slack_file.id || slack_file.url?.includes(id) === true,
    );
    const shared = file?.shares.some((share) => channel === null || share.channel === channel.id) === true;
    if (file?.state !== 'complete' || !shared) complaints.push(`invalid slack file [json-pointer:${at}/slack_file]`);
  }
  // What needs a token to be read cannot be fetched for an image block.
  if (image_url?.startsWith(`${platform.baseUrl}/files-pri/`) === true) {
    complaints.push(`downloading image failed [json-pointer:${at}/image_url]`);
  }
  return [
    ...complaints,
    ...Object.entries(value).flatMap(([key, item]) => unseenPictures(platform, channel, item, `${at}/${key}`)),
  ];
}
