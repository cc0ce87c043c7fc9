import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import { picturesNeeded } from '../src/jobs/request-pictures.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import type { Caller, CommandServices, Reply } from './define-command.ts';
import { promptNotes } from './vocabulary.ts';

/** Hands a complete request to the queue; the job is durable when this resolves. */
export async function submitDrawing(
  request: DrawRequest,
  { requester, replyTo, idempotencyKey }: Caller,
  { jobs, engine }: CommandServices,
  notes: readonly string[] = [],
): Promise<Reply> {
  const messages = messagesFor(requester.locale);
  const { job } = await jobs.submit(request, requester, replyTo, idempotencyKey);
  // The job is accepted: that its place cannot be told is no reason to say that it was not.
  const standing = await jobs.standing(job.id).catch(() => null);
  return { kind: 'job', job, standing, notes: [...notes, ...promptNotes(request, engine, messages)] };
}

/** Refuses a request of which a picture that it draws from has been deleted since. */
export async function requirePictures(
  request: DrawRequest,
  { jobs }: CommandServices,
  messages: Messages,
): Promise<void> {
  const needed = await Promise.all(picturesNeeded(request).map((key) => jobs.readPicture(key)));
  if (!needed.includes(null)) return;
  throw new InvalidRequestError('picture_gone', messages.problem.pictureGone);
}
