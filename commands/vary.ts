import type { DrawRequest } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { modelOf, plainRequest } from './draw-request.ts';
import { findResult, pictureOf, resultOptions } from './result-options.ts';
import { requirePictures, submitDrawing } from './submit-drawing.ts';

const variationStrength = 0.6;

/** Draws new pictures that stay near one picture of a result. */
export const vary = defineCommand({
  name: 'vary',
  text: ({ command }) => command.vary,
  surface: 'button',
  options: [resultOptions.job, resultOptions.picture],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    const job = await findResult(services.jobs, options.job, caller.requester, messages);
    const picture = pictureOf(job, options.picture, messages);
    const model = modelOf(job.request.model, services);
    const request: DrawRequest = {
      ...plainRequest(job.request, model),
      action: 'vary',
      seed: services.randomSeed(),
      init: model.canStartFromPicture ? { picture: picture.key, strength: variationStrength, mask: null } : null,
      derivedFrom: { job: job.id, index: options.picture - 1 },
    };
    await requirePictures(request, services, messages);
    return submitDrawing(request, caller, services, model.canStartFromPicture ? [] : [messages.note.freshSeed]);
  },
});
