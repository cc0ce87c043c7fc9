import { engineLimits } from '../src/engines/image-engine.ts';
import { InvalidRequestError } from '../src/errors.ts';
import type { FinishedJob, Job, JobId, Requester, StoredPicture } from '../src/jobs/job.ts';
import type { Jobs } from '../src/jobs/jobs.ts';
import { ownerOf } from '../src/jobs/owner.ts';
import { showingOf } from '../src/jobs/showing.ts';
import type { Messages } from '../src/messages/messages.ts';

/** The options by which a command names a result and one of its pictures. */
export const resultOptions = {
  job: { name: 'job', type: 'job', text: ({ option }: Messages) => option.job, required: true },
  picture: {
    name: 'picture',
    type: 'integer',
    text: ({ option }: Messages) => option.picture,
    min: 1,
    max: engineLimits.maxPictures,
    required: true,
  },
} as const;

/**
 * The job of that id, for whoever may see it: people of the same server or workspace, elsewhere the asker alone.
 * To others it does not exist.
 */
export async function findJob(jobs: Jobs, id: JobId, requester: Requester, messages: Messages): Promise<Job> {
  const job = await jobs.get(id);
  if (job === null || !maySee(job, requester)) {
    throw new InvalidRequestError('no_such_result', messages.problem.noSuchResult);
  }
  return job;
}

/** As `findJob`, for a job that has its pictures. */
export async function findResult(
  jobs: Jobs,
  id: JobId,
  requester: Requester,
  messages: Messages,
): Promise<FinishedJob> {
  return requireResult(await findJob(jobs, id, requester, messages), messages);
}

/** The job, where it has its pictures. */
export function requireResult(job: Job, messages: Messages): FinishedJob {
  if (job.state === 'drawn' || job.state === 'delivered') return job;
  throw new InvalidRequestError('not_drawn_yet', messages.problem.notDrawnYet);
}

/** Picture `number` (from 1) of a result; one that is withheld is nothing to start from either. */
export function pictureOf(job: FinishedJob, number: number, messages: Messages): StoredPicture {
  const { pictures } = job.drawing;
  const picture = pictures[number - 1];
  if (picture !== undefined && showingOf(picture, job) !== 'withheld') return picture;
  if (picture !== undefined) throw new InvalidRequestError('picture_withheld', messages.problem.pictureWithheld);
  throw new InvalidRequestError('no_such_picture', messages.problem.noSuchPicture(pictures.length, number));
}

function maySee({ requester: owner }: Job, requester: Requester): boolean {
  if (owner.platform !== requester.platform) return false;
  const isOwn = ownerOf(owner) === ownerOf(requester);
  const isShared = owner.workspace !== null && owner.workspace === requester.workspace;
  return isOwn || isShared || requester.isAdmin;
}
