import type { ModelDescription, PictureSize, SchedulerName, SpeedName } from '../src/engines/image-engine.ts';
import { InvalidRequestError } from '../src/errors.ts';
import type { DrawAction, DrawRequest } from '../src/jobs/job.ts';
import type { UserSettings } from '../src/jobs/jobs.ts';
import { styles } from '../src/jobs/styles.ts';
import type { Messages } from '../src/messages/messages.ts';
import type { CommandWorld } from './define-command.ts';
import { sizeText } from './draw-options.ts';

/** What a person said about how to draw; the rest is filled in. */
export interface DrawWishes {
  readonly prompt?: string | undefined;
  readonly negative?: string | undefined;
  readonly count?: number | undefined;
  readonly steps?: number | undefined;
  readonly guidance?: number | undefined;
  readonly seed?: number | undefined;
  readonly scheduler?: SchedulerName | undefined;
  readonly size?: string | undefined;
  readonly model?: string | undefined;
  readonly style?: string | undefined;
  readonly lora_strength?: number | undefined;
  readonly speed?: SpeedName | undefined;
}

const defaultCount = 4;

/** A complete request out of a person's wishes, then their own settings, then the model's defaults. */
export function completeRequest(
  wishes: DrawWishes & { readonly prompt: string },
  settings: UserSettings,
  world: CommandWorld,
  randomSeed: () => number,
  messages: Messages,
): { readonly request: DrawRequest; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const ignored = (name: string, value: string) => notes.push(messages.note.settingIgnored(name, value));
  const ownModel = world.engine.models.find(({ id }) => id === settings.model);
  if (wishes.model === undefined && settings.model !== undefined && ownModel === undefined) {
    ignored('model', settings.model);
  }
  const model = wishes.model === undefined ? (ownModel ?? firstModel(world)) : modelOf(wishes.model, world);
  const ownSize = settings.size !== undefined && offers(model, settings.size) ? settings.size : undefined;
  if (wishes.size === undefined && settings.size !== undefined && ownSize === undefined) {
    ignored('size', sizeText(settings.size));
  }
  const ownSpeed = settings.speed !== undefined && model.speeds.includes(settings.speed) ? settings.speed : undefined;
  if (wishes.speed === undefined && settings.speed !== undefined && ownSpeed === undefined) {
    ignored('speed', settings.speed);
  }
  const request: DrawRequest = {
    action: 'imagine',
    prompt: wishes.prompt,
    negativePrompt: wishes.negative ?? settings.negativePrompt ?? '',
    count: wishes.count ?? settings.count ?? defaultCount,
    steps: wishes.steps ?? settings.steps ?? model.defaultSteps,
    guidanceScale: wishes.guidance ?? settings.guidanceScale ?? model.defaultGuidanceScale,
    seed: wishes.seed ?? randomSeed(),
    scheduler: wishes.scheduler ?? settings.scheduler ?? model.defaultScheduler,
    size: wishes.size === undefined ? (ownSize ?? model.defaultSize) : offeredSize(model, wishes.size, messages),
    model: model.id,
    style: wishes.style === undefined ? knownStyle(settings.style) : knownStyle(wishes.style),
    init: null,
    control: null,
    loraScale: offeredLora(model, wishes.lora_strength, messages) ?? null,
    speed: offeredSpeed(model, wishes.speed, messages) ?? ownSpeed ?? 'exact',
    derivedFrom: null,
  };
  return { request, notes };
}

/** The request of an earlier result as a starting point for a new one: `wishes` replace what they name. */
export function changedRequest(
  before: DrawRequest,
  wishes: DrawWishes,
  world: CommandWorld,
  messages: Messages,
): DrawRequest {
  const model = modelOf(wishes.model ?? before.model, world);
  const plain = plainRequest(before, model);
  return {
    ...plain,
    prompt: wishes.prompt ?? plain.prompt,
    negativePrompt: wishes.negative ?? plain.negativePrompt,
    count: wishes.count ?? plain.count,
    steps: wishes.steps ?? plain.steps,
    guidanceScale: wishes.guidance ?? plain.guidanceScale,
    seed: wishes.seed ?? plain.seed,
    scheduler: wishes.scheduler ?? plain.scheduler,
    size: wishes.size === undefined ? plain.size : offeredSize(model, wishes.size, messages),
    style: wishes.style === undefined ? plain.style : knownStyle(wishes.style),
    loraScale: offeredLora(model, wishes.lora_strength, messages) ?? plain.loraScale,
    speed: offeredSpeed(model, wishes.speed, messages) ?? plain.speed,
  };
}

/**
 * A request that draws anew: one that enlarged becomes the drawing that it enlarged, at a size the model draws by
 * itself. What the model cannot do is left out; `leftOutNotes` says so.
 */
export function plainRequest(before: DrawRequest, model: ModelDescription): DrawRequest {
  const isEnlarged = before.action === 'enlarge';
  return {
    ...before,
    action: 'again' satisfies DrawAction,
    count: isEnlarged ? defaultCount : before.count,
    size: plainSize(before, model),
    model: model.id,
    init: isEnlarged ? null : usableStart(before.init, model),
    control: before.control !== null && model.controls.includes(before.control.kind) ? before.control : null,
    loraScale: model.loraScale === null ? null : before.loraScale,
    speed: model.speeds.includes(before.speed) ? before.speed : 'exact',
  };
}

/** Without its mask, what was to be changed in a corner would be changed all over: then none of it is used. */
function usableStart(init: DrawRequest['init'], model: ModelDescription): DrawRequest['init'] {
  const isUsable = model.canStartFromPicture && (init?.mask == null || model.canPaintWithin);
  return isUsable ? init : null;
}

/** What of an earlier request another model could not be asked for. */
export function leftOutNotes(before: DrawRequest, after: DrawRequest, { note, option }: Messages): readonly string[] {
  const isEnlarged = before.action === 'enlarge';
  const names = [
    ...(before.init !== null && !isEnlarged && after.init === null ? [option.image.name] : []),
    ...(before.init?.mask != null && !isEnlarged && after.init === null ? [option.mask.name] : []),
    ...(before.control !== null && after.control === null ? [option.control.name] : []),
    ...(before.loraScale !== null && after.loraScale === null ? [option.loraStrength.name] : []),
    ...(before.speed !== 'exact' && after.speed === 'exact' ? [option.speed.name] : []),
  ];
  return names.length === 0 ? [] : [note.leftOut(after.model, names)];
}

/** The size of an enlarged picture. A model that cannot draw larger leaves it to a resize to twice the size. */
export function enlargedSize({ width, height }: PictureSize, model: ModelDescription): PictureSize {
  const factor = enlargeFactor(model);
  return { width: width * factor, height: height * factor };
}

/** The size that a request has before it is enlarged, or the model's own where it does not draw that. */
export function plainSize({ action, size }: DrawRequest, model: ModelDescription): PictureSize {
  const divisor = action === 'enlarge' ? enlargeFactor(model) : 1;
  const plain = { width: size.width / divisor, height: size.height / divisor };
  return offers(model, plain) ? plain : model.defaultSize;
}

function enlargeFactor(model: ModelDescription): number {
  return model.enlarge?.factor ?? 2;
}

/** The model of that id; the first one where it is no longer on offer. */
export function modelOf(id: string, world: CommandWorld): ModelDescription {
  return world.engine.models.find((model) => model.id === id) ?? firstModel(world);
}

function firstModel({ engine }: CommandWorld): ModelDescription {
  const [model] = engine.models;
  if (model === undefined) throw new TypeError('Expected the engine to describe at least one model, got none');
  return model;
}

function offers(model: ModelDescription, size: PictureSize): boolean {
  return model.sizes.some(({ width, height }) => width === size.width && height === size.height);
}

function offeredSize(model: ModelDescription, text: string, messages: Messages): PictureSize {
  const size = model.sizes.find((offered) => sizeText(offered) === text);
  if (size !== undefined) return size;
  throw new InvalidRequestError(
    'invalid_options',
    messages.problem.sizeNotOffered(model.id, model.sizes.map(sizeText), text),
  );
}

function offeredLora(model: ModelDescription, wish: number | undefined, { problem }: Messages): number | undefined {
  if (wish === undefined || model.loraScale !== null) return wish;
  throw new InvalidRequestError('invalid_options', problem.noLora(model.id));
}

/** The speed, where the model has it. */
export function offeredSpeed(
  model: ModelDescription,
  wish: SpeedName | undefined,
  { problem }: Messages,
): SpeedName | undefined {
  if (wish === undefined || model.speeds.includes(wish)) return wish;
  throw new InvalidRequestError('invalid_options', problem.speedNotOffered(model.id, model.speeds, wish));
}

function knownStyle(id: string | null | undefined): string | null {
  return styles.some((style) => style.id === id) ? (id ?? null) : null;
}
