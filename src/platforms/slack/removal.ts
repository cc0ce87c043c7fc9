import type { Job } from '../../jobs/job.ts';
import type { Asker } from './answers.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import { readMessage, readNote } from './history.ts';
import { readMetadata } from './metadata.ts';
import type { Place } from './place.ts';
import { removeFiles } from './upload.ts';
import type { Workspace } from './workspaces.ts';

/** Takes away everything that shows a job: its message, its pictures, its buttons, and the files themselves. */
export async function removeMessages(job: Job, { workspace, place: asked, pressed }: Asker): Promise<void> {
  const { channel, thread, message } = job.replyTo;
  const home: Place = { team: workspace.team, channel, thread };
  // The buttons know the rest, also where the pictures went to another place than they were asked for in.
  const own = pressed === null ? null : await readNote(workspace, asked, pressed);
  const isElsewhere = own !== null && asked.channel !== channel;
  const place = isElsewhere ? asked : home;
  const parent = own?.parent ?? (isElsewhere ? null : message);
  const note = parent === null ? null : await readNote(workspace, place, parent);
  const pictures = own?.pictures ?? note?.pictures ?? (job.state === 'delivered' ? job.message : null);
  const files = own?.files ?? note?.files ?? (pictures === null ? [] : await filesIn(workspace, place, pictures));
  await removeFiles(workspace, files);
  const buttons = note?.buttons ?? (own?.part === 'buttons' ? pressed : null);
  for (const ts of new Set([buttons, pictures, parent])) {
    if (ts !== null && ts !== undefined) await removeMessage(workspace, place.channel, ts);
  }
}

async function filesIn(workspace: Workspace, place: Place, ts: string): Promise<readonly string[]> {
  const message = await readMessage(workspace, place, ts);
  if (message === null || readMetadata(message.metadata) !== null) return [];
  return (message.files ?? []).flatMap(({ id }) => (id === undefined ? [] : [id]));
}

async function removeMessage(workspace: Workspace, channel: string, ts: string): Promise<void> {
  try {
    await workspace.write.chat.delete({ channel, ts });
  } catch (error) {
    // A message of files only goes away with them.
    if (slackWord(error) !== 'message_not_found') throw toDeliveryError(error);
  }
}
