import type { JobId } from '../../jobs/job.ts';
import { withAccess } from './access.ts';
import { type MessageNote, readMetadata } from './metadata.ts';
import type { Place } from './place.ts';
import type { Workspace } from './workspaces.ts';

/** A message of ours that was found again. */
export interface FoundMessage {
  readonly ts: string;
  readonly note: MessageNote;
}

/** By how much a message may be older by Slack's clock than by ours. */
export const clockSlackMs = 60_000;
/** Pages of a channel's history that are searched for a message; what lies further back was not lost by a crash. */
const maxPages = 5;
const pageLength = 100;

/** Reads one message; null when it is gone or not about a job. */
export async function readNote(workspace: Workspace, place: Place, ts: string): Promise<MessageNote | null> {
  const message = await readMessage(workspace, place, ts);
  return message === null ? null : readMetadata(message.metadata);
}

/** One message as Slack has it; null when it is gone. */
export async function readMessage(workspace: Workspace, { channel, thread }: Place, ts: string) {
  const range = { channel, oldest: ts, latest: ts, inclusive: true, limit: 1, include_all_metadata: true };
  const messages = await withAccess(workspace, channel, async () => {
    const answer =
      thread === null || thread === ts
        ? await workspace.read.conversations.history(range)
        : await workspace.read.conversations.replies({ ...range, ts: thread, limit: 2 });
    return answer.messages ?? [];
  });
  return messages.find((message) => message.ts === ts) ?? null;
}

/** Looks for a message about a job that was posted at `sinceMs` or later, by its note. */
export async function findNote(
  workspace: Workspace,
  place: Place,
  wanted: { readonly job: JobId; readonly part: MessageNote['part']; readonly sinceMs: number },
): Promise<FoundMessage | null> {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const { messages, next } = await readPage(workspace, place, wanted.sinceMs, cursor);
    for (const { ts, metadata } of messages) {
      const note = readMetadata(metadata);
      if (ts !== undefined && note?.job === wanted.job && note.part === wanted.part) return { ts, note };
    }
    if (next === undefined || next === '') return null;
    cursor = next;
  }
  return null;
}

async function readPage(workspace: Workspace, place: Place, sinceMs: number, cursor: string | undefined) {
  const { channel, thread } = place;
  const range = {
    channel,
    oldest: (sinceMs / 1_000).toFixed(6),
    limit: pageLength,
    include_all_metadata: true,
    ...(cursor === undefined ? {} : { cursor }),
  };
  return withAccess(workspace, channel, async () => {
    const { messages = [], response_metadata } =
      thread === null
        ? await workspace.read.conversations.history(range)
        : await workspace.read.conversations.replies({ ...range, ts: thread });
    return { messages, next: response_metadata?.next_cursor };
  });
}
