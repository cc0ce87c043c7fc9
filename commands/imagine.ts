import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { type Attachment, type Caller, type CommandServices, defineCommand } from './define-command.ts';
import { drawOptions } from './draw-options.ts';
import { completeRequest, modelOf } from './draw-request.ts';
import { submitDrawing } from './submit-drawing.ts';

const defaultStrength = 0.6;

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
  ],
  async run(caller, options, services) {
    const messages = messagesFor(caller.requester.locale);
    if (options.strength !== undefined && options.image === undefined) {
      throw new InvalidRequestError('invalid_options', messages.problem.strengthWithoutImage);
    }
    const settings = await services.jobs.settings(caller.requester);
    const { request, notes } = completeRequest(options, settings, services, services.randomSeed, messages);
    if (options.image === undefined) return submitDrawing(request, caller, services, notes);
    if (!modelOf(request.model, services).canStartFromPicture) {
      throw new InvalidRequestError('invalid_options', messages.problem.cannotStartFromPicture(request.model));
    }
    const init = await keepStart(options.image, options.strength ?? defaultStrength, request, caller, services);
    return submitDrawing({ ...request, init }, caller, services, notes);
  },
});

async function keepStart(
  image: Attachment,
  strength: number,
  { size }: DrawRequest,
  { requester }: Caller,
  { jobs, readAttachment }: CommandServices,
): Promise<DrawRequest['init']> {
  const png = await readAttachment(image, size);
  return { picture: await jobs.keepUpload(png, requester), strength };
}
