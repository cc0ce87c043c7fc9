import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import type { Messages } from '../src/messages/messages.ts';
import type { Attachment, Caller, CommandServices } from './define-command.ts';
import { modelOf } from './draw-request.ts';

const defaultStrength = 0.6;

/** The request with a picture to start from, which is checked and kept; refused for a model that cannot. */
export async function startFrom(
  image: Attachment,
  strength: number | undefined,
  request: DrawRequest,
  { requester }: Caller,
  services: CommandServices,
  messages: Messages,
): Promise<DrawRequest> {
  if (!modelOf(request.model, services).canStartFromPicture) {
    throw new InvalidRequestError('invalid_options', messages.problem.cannotStartFromPicture(request.model));
  }
  const png = await services.readAttachment(image, request.size);
  const picture = await services.jobs.keepUpload(png, requester);
  return { ...request, init: { picture, strength: strength ?? defaultStrength } };
}
