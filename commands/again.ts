import type { DrawRequest } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { leftOutNotes, modelOf, plainRequest } from './draw-request.ts';
import { findJob, resultOptions } from './result-options.ts';
import { requirePictures, submitDrawing } from './submit-drawing.ts';

/** Draws a request once more with a new seed; also one that failed or was cancelled. */
export const again = defineCommand({
  name: 'again',
  text: ({ command }) => command.again,
  surface: 'button',
  options: [resultOptions.job],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    const job = await findJob(services.jobs, options.job, caller.requester, messages);
    const request: DrawRequest = {
      ...plainRequest(job.request, modelOf(job.request.model, services)),
      action: 'again',
      seed: services.randomSeed(),
      derivedFrom: { job: job.id, index: null },
    };
    await requirePictures(request, services, messages);
    return submitDrawing(request, caller, services, leftOutNotes(job.request, request, messages));
  },
});
