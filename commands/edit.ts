import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest, Job, PictureKey } from '../src/jobs/job.ts';
import { shownPictures } from '../src/jobs/showing.ts';
import { hasPictures } from '../src/jobs/transitions.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { drawOptions, finerOptions } from './draw-options.ts';
import { changedRequest, leftOutNotes } from './draw-request.ts';
import { startStrength, withGivenPictures } from './given-pictures.ts';
import { findJob, pictureOf, requireResult, resultOptions } from './result-options.ts';
import { requirePictures, submitDrawing } from './submit-drawing.ts';

/**
 * Draws a result again with some of its settings changed, or a part of one of its pictures. The seed stays unless one is
 * given or something is painted over: the same noise would bring back what was there.
 */
export const edit = defineCommand({
  name: 'edit',
  text: ({ command }) => command.edit,
  surface: 'button',
  options: [
    resultOptions.job,
    drawOptions.prompt,
    drawOptions.negative,
    drawOptions.count,
    drawOptions.steps,
    drawOptions.guidance,
    drawOptions.seed,
    drawOptions.scheduler,
    drawOptions.size,
    drawOptions.model,
    drawOptions.style,
    drawOptions.image,
    drawOptions.strength,
    { ...resultOptions.picture, text: ({ option }) => option.ownPicture, required: false },
    ...finerOptions,
  ],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    const job = await findJob(services.jobs, options.job, caller.requester, messages);
    // An emptied prompt field keeps the prompt: there is nothing else that it could mean.
    // A form that was opened on the result holds its seed.
    const isOwnSeed = options.seed === undefined || options.seed === job.request.seed;
    const seed = options.mask !== undefined && isOwnSeed ? services.randomSeed() : options.seed;
    const wishes = { ...options, seed, prompt: options.prompt === '' ? undefined : options.prompt };
    const changed = changedRequest(job.request, wishes, services, messages);
    const chosen = options.image === undefined ? chosenPicture(job, changed.init, options, messages) : null;
    const request: DrawRequest = {
      ...changed,
      action: 'edit',
      init: chosen === null ? changed.init : { picture: chosen.key, strength: startStrength, mask: null },
      derivedFrom: { job: job.id, index: chosen === null ? null : chosen.number - 1 },
    };
    const complete = await withGivenPictures(request, options, caller, services, messages);
    await requirePictures(complete, services, messages);
    return submitDrawing(complete, caller, services, leftOutNotes(job.request, complete, messages));
  },
});

/** The picture of the result to start from: the one that was named, or the one that a mask can only mean. */
function chosenPicture(
  job: Job,
  start: DrawRequest['init'],
  { picture, mask }: { readonly picture?: number | undefined; readonly mask?: unknown },
  messages: Messages,
): { readonly key: PictureKey; readonly number: number } | null {
  if (picture !== undefined) {
    return { key: pictureOf(requireResult(job, messages), picture, messages).key, number: picture };
  }
  if (mask === undefined || start !== null || !hasPictures(job)) return null;
  const [only, ...more] = shownPictures(job);
  if (only === undefined) return null;
  if (more.length === 0) return { key: only.picture.key, number: only.index + 1 };
  throw new InvalidRequestError('invalid_options', messages.problem.whichPicture(job.drawing.pictures.length));
}
