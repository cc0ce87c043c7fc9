import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { enlargedSize, modelOf, plainRequest } from './draw-request.ts';
import { findResult, pictureOf, resultOptions } from './result-options.ts';
import { requirePictures, submitDrawing } from './submit-drawing.ts';

/** Draws one picture again, larger. */
export const enlarge = defineCommand({
  name: 'enlarge',
  text: ({ command }) => command.enlarge,
  surface: 'button',
  options: [resultOptions.job, resultOptions.picture],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    const job = await findResult(services.jobs, options.job, caller.requester, messages);
    const picture = pictureOf(job, options.picture, messages);
    if (job.request.action === 'enlarge') {
      throw new InvalidRequestError('already_enlarged', messages.problem.alreadyEnlarged);
    }
    const model = modelOf(job.request.model, services);
    const request: DrawRequest = {
      ...plainRequest(job.request, model),
      action: 'enlarge',
      count: 1,
      seed: picture.seed,
      size: enlargedSize(picture.size, model),
      // Where the model cannot draw larger, the core resizes the picture and says so.
      init: { picture: picture.key, strength: model.enlarge?.strength ?? 1, mask: null },
      derivedFrom: { job: job.id, index: options.picture - 1 },
    };
    await requirePictures(request, services, messages);
    return submitDrawing(request, caller, services);
  },
});
