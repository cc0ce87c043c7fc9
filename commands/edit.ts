import type { DrawRequest } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { drawOptions } from './draw-options.ts';
import { changedRequest } from './draw-request.ts';
import { findJob, resultOptions } from './result-options.ts';
import { startFrom } from './start-from.ts';
import { requireStart, submitDrawing } from './submit-drawing.ts';

/** Draws a result again with some of its settings changed; the seed stays unless one is given. */
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
  ],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    const job = await findJob(services.jobs, options.job, caller.requester, messages);
    // An emptied prompt field keeps the prompt: there is nothing else that it could mean.
    const wishes = { ...options, prompt: options.prompt === '' ? undefined : options.prompt };
    const changed = changedRequest(job.request, wishes, services, messages);
    const request: DrawRequest = {
      ...changed,
      action: 'edit',
      init: changed.init === null ? null : { ...changed.init, strength: options.strength ?? changed.init.strength },
      derivedFrom: { job: job.id, index: null },
    };
    if (options.image !== undefined) {
      const started = await startFrom(options.image, options.strength, request, caller, services, messages);
      return submitDrawing(started, caller, services);
    }
    await requireStart(request, services, messages);
    return submitDrawing(request, caller, services);
  },
});
