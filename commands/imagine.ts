import { InvalidRequestError } from '../src/errors.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { drawOptions, finerOptions } from './draw-options.ts';
import { completeRequest } from './draw-request.ts';
import { withGivenPictures } from './given-pictures.ts';
import { submitDrawing } from './submit-drawing.ts';

/** Draws what the prompt says. */
export const imagine = defineCommand({
  name: 'imagine',
  text: ({ command }) => command.imagine,
  surface: 'slash',
  options: [
    { ...drawOptions.prompt, required: true },
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
    ...finerOptions,
  ],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    if (options.strength !== undefined && options.image === undefined) {
      throw new InvalidRequestError('invalid_options', messages.problem.strengthWithoutImage);
    }
    const settings = await services.jobs.settings(caller.requester);
    const { request, notes } = completeRequest(options, settings, services, services.randomSeed, messages);
    const complete = await withGivenPictures(request, options, caller, services, messages);
    return submitDrawing(complete, caller, services, notes);
  },
});
