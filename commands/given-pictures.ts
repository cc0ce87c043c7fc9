import type { ControlKind, ModelDescription, PictureSize } from '../src/engines/image-engine.ts';
import { InvalidRequestError } from '../src/errors.ts';
import type { DrawRequest } from '../src/jobs/job.ts';
import type { Messages } from '../src/messages/messages.ts';
import type { Attachment, Caller, CommandServices } from './define-command.ts';
import { modelOf } from './draw-request.ts';

/** The pictures that somebody gave along, and what they said about them. */
export interface GivenPictures {
  readonly image?: Attachment | undefined;
  readonly strength?: number | undefined;
  readonly mask?: Attachment | undefined;
  readonly control?: Attachment | undefined;
  readonly control_kind?: ControlKind | undefined;
  readonly control_strength?: number | undefined;
}

/** How far a drawing goes away from the picture that it starts from. */
export const startStrength = 0.6;
/** What is painted over is to become something else. */
const paintStrength = 0.9;
const controlScale = 1;

/**
 * The request with the pictures to start from, to paint within and to follow, which are checked and kept. Everything
 * that can be refused without looking at a picture is refused before one is fetched.
 */
export async function withGivenPictures(
  request: DrawRequest,
  given: GivenPictures,
  caller: Caller,
  services: CommandServices,
  messages: Messages,
): Promise<DrawRequest> {
  const model = modelOf(request.model, services);
  checkGiven(request, given, model, messages);
  const start = await readStart(request, given, caller, services, messages);
  return { ...request, init: start, control: await readControl(request, given, model, caller, services) };
}

function checkGiven(
  { init, control }: DrawRequest,
  given: GivenPictures,
  model: ModelDescription,
  { problem: say }: Messages,
): void {
  const refuse = (sentence: string): never => {
    throw new InvalidRequestError('invalid_options', sentence);
  };
  const startsFromPicture = given.image !== undefined || init !== null;
  if (startsFromPicture && !model.canStartFromPicture) refuse(say.cannotStartFromPicture(model.id));
  if (given.mask !== undefined && !model.canPaintWithin) refuse(say.cannotPaintWithin(model.id));
  if (given.mask !== undefined && given.image === undefined && init === null) refuse(say.maskWithoutImage);
  if (given.control !== undefined && model.controls.length === 0) refuse(say.cannotControl(model.id));
  const kind = given.control_kind;
  if (kind !== undefined && !model.controls.includes(kind)) {
    refuse(say.controlNotOffered(model.id, model.controls, kind));
  }
  const saysHow = kind !== undefined || given.control_strength !== undefined;
  if (saysHow && given.control === undefined && control === null) refuse(say.controlWithoutPicture);
}

async function readStart(
  { init, size }: DrawRequest,
  { image, mask, strength }: GivenPictures,
  { requester }: Caller,
  services: CommandServices,
  messages: Messages,
): Promise<DrawRequest['init']> {
  const { jobs } = services;
  if (image === undefined) {
    if (init === null) return null;
    if (mask === undefined) return { ...init, strength: strength ?? init.strength };
    const painted = await readMask(mask, size, size, services, messages);
    return { ...init, strength: strength ?? paintStrength, mask: await jobs.keepUpload(painted, requester) };
  }
  const read = await services.readAttachment(image, size);
  const painted = mask === undefined ? null : await readMask(mask, read.original, size, services, messages);
  return {
    picture: await jobs.keepUpload(read.png, requester),
    strength: strength ?? (painted === null ? startStrength : paintStrength),
    mask: painted === null ? null : await jobs.keepUpload(painted, requester),
  };
}

async function readMask(
  mask: Attachment,
  original: PictureSize,
  size: PictureSize,
  services: CommandServices,
  { problem: say }: Messages,
): Promise<Uint8Array> {
  const { png, covers } = await services.readMask(mask, original, size);
  if (covers === 'part') return png;
  const sentence = covers === 'nothing' ? say.maskIsBlack : say.maskIsWhite;
  throw new InvalidRequestError('invalid_options', sentence);
}

async function readControl(
  { control, size }: DrawRequest,
  given: GivenPictures,
  { controls }: ModelDescription,
  { requester }: Caller,
  services: CommandServices,
): Promise<DrawRequest['control']> {
  const kind = given.control_kind ?? (given.control === undefined ? control?.kind : undefined) ?? controls[0];
  if (kind === undefined) return null;
  if (given.control === undefined) {
    return control === null ? null : { ...control, kind, scale: given.control_strength ?? control.scale };
  }
  const png = await services.readControl(given.control, kind, size);
  const picture = await services.jobs.keepUpload(png, requester);
  return { picture, kind, scale: given.control_strength ?? controlScale };
}
