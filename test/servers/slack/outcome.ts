import type { Receipt } from './envelopes.ts';
import { whisper } from './ephemerals.ts';
import type { Platform } from './platform.ts';
import type { SlackChannel } from './world.ts';

/** What came of something that a person did. */
export interface Outcome {
  /** Null when the platform itself refused and sent nothing. */
  readonly receipt: Receipt | null;
  /** What the platform told the person, when it did not work. */
  readonly refusal: string | null;
  readonly triggerId: string | null;
  readonly responseUrl: string | null;
}

/** A note of Slackbot's that only one person sees. */
export function sayAsSlackbot(
  { world }: Platform,
  channel: SlackChannel,
  user: string,
  text: string,
  threadTs: string | null,
): void {
  whisper(world, { channel: channel.id, user, threadTs }, { text, blocks: [] }, 'slackbot');
}

/** What Slackbot calls a command that failed. */
export function failureName(receipt: Receipt & { readonly outcome: 'failed' }): string {
  if (receipt.reason === 'timeout' || receipt.reason === 'http_timeout') return 'operation_timeout';
  if (receipt.status === null) return 'dispatch_failed';
  return receipt.status >= 500 ? 'http_service_error' : 'http_client_error';
}

/** The little triangle beside a button that did not work. */
export function warningOf(receipt: Receipt): string | null {
  return receipt.outcome === 'failed' ? 'This app responded with an error.' : null;
}

/** The names of conversations that not everybody may know of are withheld. */
export function sentName({ kind, name }: SlackChannel): string {
  if (kind === 'public') return name;
  return kind === 'im' ? 'directmessage' : 'privategroup';
}
