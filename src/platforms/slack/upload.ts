import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { DeliveryError } from '../../errors.ts';
import { truncate } from '../../messages/truncate.ts';
import { withAccess } from './access.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import { slackLimits } from './limits.ts';
import { whenAllowed } from './patience.ts';
import type { Place } from './place.ts';
import type { Workspace } from './workspaces.ts';

/** A picture on its way to Slack. */
export interface OutgoingPicture {
  readonly filename: string;
  readonly title: string;
  readonly altText: string;
  readonly png: Uint8Array;
}

/** How patiently a share is waited for. */
export interface ShareTimes {
  /** @default 150 */
  readonly firstMs?: number;
  /** @default 2_000 */
  readonly lastMs?: number;
  /** @default 15_000 */
  readonly deadlineMs?: number;
}

const defaults = { firstMs: 150, lastMs: 2_000, deadlineMs: 15_000 } as const satisfies Required<ShareTimes>;

/**
 * Hands the bytes over; nobody sees them yet. The three methods are called by themselves: the library's own helper
 * sends the alternative text under a name that Slack does not know.
 */
export function uploadPictures(
  workspace: Workspace,
  pictures: readonly OutgoingPicture[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  return Promise.all(pictures.map((picture) => uploadOne(workspace, picture, signal)));
}

const ticketSchema = z.object({ upload_url: z.url(), file_id: z.string() });

async function uploadOne(workspace: Workspace, picture: OutgoingPicture, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { filename, altText, png } = picture;
  try {
    const ask = { filename, length: png.byteLength, alt_txt: truncate(altText, slackLimits.altText) };
    const ticket = await whenAllowed(() => workspace.write.apiCall('files.getUploadURLExternal', ask), signal);
    const { upload_url, file_id } = ticketSchema.parse(ticket);
    await sendBytes(upload_url, png, signal);
    return file_id;
  } catch (error) {
    signal.throwIfAborted();
    throw toDeliveryError(error);
  }
}

async function sendBytes(url: string, png: Uint8Array, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    // The types of `fetch` know of no bytes over shared memory, which these are not.
    body: png as Uint8Array<ArrayBuffer>,
    redirect: 'error',
    signal,
  });
  await response.body?.cancel();
  if (response.ok) return;
  const seconds = Number(response.headers.get('retry-after'));
  throw new DeliveryError('slack_upload_refused', `Expected Slack to take a picture, got HTTP ${response.status}.`, {
    retryable: response.status !== 413,
    ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}),
  });
}

/** Shows all files in one message. Slack says yes before it has done so. */
export async function shareFiles(
  workspace: Workspace,
  { channel, thread }: Place,
  files: readonly { readonly id: string; readonly title: string }[],
): Promise<void> {
  const [first, ...rest] = files;
  if (first === undefined) return;
  const destination = thread === null ? { channel_id: channel } : { channel_id: channel, thread_ts: thread };
  await whenAllowed(() =>
    withAccess(workspace, channel, () =>
      workspace.write.files.completeUploadExternal({ files: [first, ...rest], ...destination }),
    ),
  );
}

/**
 * The `ts` of the message that shows these files, once it does; null when it does not in time. That Slack said yes to
 * sharing means little: now and then it never happens.
 */
export async function awaitShare(
  workspace: Workspace,
  channel: string,
  files: readonly string[],
  options: ShareTimes & { readonly signal: AbortSignal },
): Promise<string | null> {
  const { firstMs, lastMs, deadlineMs } = { ...defaults, ...options };
  const { signal } = options;
  const missing = new Set(files);
  let shownIn: string | null = null;
  let waited = 0;
  for (let pause = firstMs; ; pause = Math.min(lastMs, pause * 2)) {
    let askedToWaitMs = 0;
    for (const file of missing) {
      const share = await shareOf(workspace, channel, file);
      if (share.state === 'gone') return null;
      if (share.state === 'pending') {
        askedToWaitMs = share.waitMs;
        break;
      }
      shownIn = share.ts;
      missing.delete(file);
    }
    if (missing.size === 0) return shownIn;
    if (waited >= deadlineMs) return null;
    const next = Math.max(pause, askedToWaitMs);
    await delay(next, undefined, { signal }).catch(() => signal.throwIfAborted());
    waited += next;
  }
}

type Share =
  | { readonly state: 'shown'; readonly ts: string }
  | { readonly state: 'pending'; readonly waitMs: number }
  | { readonly state: 'gone' };

async function shareOf(workspace: Workspace, channel: string, id: string): Promise<Share> {
  try {
    const { file } = await workspace.read.files.info({ file: id });
    const shares = { ...file?.shares?.public, ...file?.shares?.private };
    const ts = shares[channel]?.find((share) => share.ts !== undefined)?.ts;
    return ts === undefined ? { state: 'pending', waitMs: 0 } : { state: 'shown', ts };
  } catch (error) {
    const word = slackWord(error);
    if (word === 'file_deleted') return { state: 'gone' };
    // Not known yet, where reading is behind writing.
    if (word === 'file_not_found') return { state: 'pending', waitMs: 0 };
    const failure = toDeliveryError(error);
    if (!failure.retryable) throw failure;
    return { state: 'pending', waitMs: failure.retryAfterMs ?? 0 };
  }
}

/** Takes files away so that they can never be shown; what is gone already is fine. */
export async function removeFiles(workspace: Workspace, files: readonly string[]): Promise<void> {
  for (const file of files) {
    try {
      await workspace.write.files.delete({ file });
    } catch (error) {
      if (!['file_not_found', 'file_deleted'].includes(slackWord(error) ?? '')) throw toDeliveryError(error);
    }
  }
}
