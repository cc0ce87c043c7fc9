import { InvalidRequestError } from '../errors.ts';
import {
  type EngineDescription,
  engineLimits,
  type GenerateRequest,
  type GreyPicture,
  type ModelDescription,
  type PictureSize,
  schedulerNames,
} from './image-engine.ts';

/** Returns the model that the request names, or throws an `InvalidRequestError` for the first field that is wrong. */
export function checkRequest(description: EngineDescription, request: GenerateRequest): ModelDescription {
  checkPrompts(request);
  checkSeeds(request.seeds);
  if (!isIntegerWithin(request.steps, 1, engineLimits.maxSteps)) {
    refuse(
      'invalid_steps',
      `Expected \`steps\` to be a whole number from 1 to ${engineLimits.maxSteps}`,
      request.steps,
    );
  }
  const { guidanceScale } = request;
  if (!(guidanceScale >= 0 && guidanceScale <= engineLimits.maxGuidanceScale)) {
    refuse(
      'invalid_guidance_scale',
      `Expected \`guidanceScale\` to be a number from 0 to ${engineLimits.maxGuidanceScale}`,
      guidanceScale,
    );
  }
  if (!schedulerNames.includes(request.scheduler)) {
    refuse('invalid_scheduler', `Expected \`scheduler\` to be one of ${schedulerNames.join(', ')}`, request.scheduler);
  }
  const { previewEvery } = request;
  if (!isIntegerWithin(previewEvery, 0, Number.MAX_SAFE_INTEGER)) {
    refuse('invalid_preview_every', 'Expected `previewEvery` to be a whole number from 0 and up', previewEvery);
  }
  const model = description.models.find(({ id }) => id === request.model);
  if (model === undefined) {
    const known = description.models.map(({ id }) => id).join(', ');
    return refuse('unknown_model', `Expected \`model\` to be one of ${known}`, request.model);
  }
  checkSize(model, request);
  checkInit(model, request);
  checkControl(model, request);
  checkManner(model, request);
  return model;
}

function checkPrompts({ prompt, negativePrompt }: GenerateRequest): void {
  const max = engineLimits.maxPromptCharacters;
  if (typeof prompt !== 'string' || prompt.trim() === '') {
    refuse('invalid_prompt', 'Expected `prompt` to say what to draw', prompt === '' ? 'an empty text' : prompt);
  }
  for (const [name, code, text] of [
    ['prompt', 'invalid_prompt', prompt],
    ['negativePrompt', 'invalid_negative_prompt', negativePrompt],
  ] as const) {
    if (typeof text !== 'string') refuse(code, `Expected \`${name}\` to be a text`, text);
    if (text.length > max) {
      refuse(code, `Expected \`${name}\` to have at most ${max} characters`, text.length);
    }
  }
}

function checkSeeds(seeds: readonly number[]): void {
  const { maxPictures, maxSeed } = engineLimits;
  if (!Array.isArray(seeds) || !isIntegerWithin(seeds.length, 1, maxPictures)) {
    refuse('invalid_seeds', `Expected 1 to ${maxPictures} seeds, one a picture`, seeds?.length);
  }
  const wrong = seeds.find((seed) => !isIntegerWithin(seed, 0, maxSeed));
  if (wrong !== undefined)
    refuse('invalid_seeds', `Expected each seed to be a whole number from 0 to ${maxSeed}`, wrong);
}

function checkSize(model: ModelDescription, { size, init }: GenerateRequest): void {
  const offered = [...model.sizes];
  if (model.enlarge !== null && init !== undefined) {
    const { factor } = model.enlarge;
    offered.push(...model.sizes.map(({ width, height }) => ({ width: width * factor, height: height * factor })));
  }
  if (offered.some(({ width, height }) => width === size.width && height === size.height)) return;
  refuse('invalid_size', `Expected \`size\` to be one of ${offered.map(sizeText).join(', ')}`, sizeText(size));
}

function checkInit(model: ModelDescription, { size, init }: GenerateRequest): void {
  if (init === undefined) return;
  if (!model.canStartFromPicture) {
    refuse('invalid_init', `Expected no starting picture, because \`${model.id}\` cannot start from one`, 'one');
  }
  const { picture, strength, mask } = init;
  if (!(strength > 0 && strength <= 1)) {
    refuse('invalid_strength', 'Expected `strength` to be above 0 and at most 1', strength);
  }
  if (picture.width !== size.width || picture.height !== size.height) {
    refuse('invalid_init', `Expected the starting picture to be ${sizeText(size)}`, sizeText(picture));
  }
  const bytes = size.width * size.height * 3;
  if (picture.data.length !== bytes) {
    refuse('invalid_init', `Expected the starting picture to have ${bytes} bytes of RGB`, picture.data.length);
  }
  if (mask !== undefined) checkMask(model, mask, size);
}

function checkMask(model: ModelDescription, mask: GreyPicture, size: PictureSize): void {
  if (!model.canPaintWithin) {
    refuse('invalid_mask', `Expected no mask, because \`${model.id}\` cannot draw a part of a picture anew`, 'one');
  }
  if (mask.width !== size.width || mask.height !== size.height) {
    refuse('invalid_mask', `Expected the mask to be ${sizeText(size)}`, sizeText(mask));
  }
  const bytes = size.width * size.height;
  if (mask.data.length !== bytes) {
    refuse('invalid_mask', `Expected the mask to have ${bytes} bytes of grey`, mask.data.length);
  }
}

function checkControl(model: ModelDescription, { size, control }: GenerateRequest): void {
  if (control === undefined) return;
  const { picture, kind, scale } = control;
  if (model.controls.length === 0) {
    refuse('invalid_control', `Expected no control picture, because \`${model.id}\` cannot follow one`, 'one');
  }
  if (!model.controls.includes(kind)) {
    refuse('invalid_control', `Expected a control picture of kind ${model.controls.join(' or ')}`, kind);
  }
  if (!(scale >= 0 && scale <= engineLimits.maxControlScale)) {
    refuse('invalid_control', `Expected the control scale to be 0 to ${engineLimits.maxControlScale}`, scale);
  }
  if (picture.width !== size.width || picture.height !== size.height) {
    refuse('invalid_control', `Expected the control picture to be ${sizeText(size)}`, sizeText(picture));
  }
  const bytes = size.width * size.height * 3;
  if (picture.data.length !== bytes) {
    refuse('invalid_control', `Expected the control picture to have ${bytes} bytes of RGB`, picture.data.length);
  }
}

function checkManner(model: ModelDescription, { loraScale, speed }: GenerateRequest): void {
  if (loraScale !== undefined && model.loraScale === null) {
    refuse('invalid_lora_scale', `Expected no \`loraScale\`, because \`${model.id}\` has no LoRA`, loraScale);
  }
  if (loraScale !== undefined && !(loraScale >= 0 && loraScale <= engineLimits.maxLoraScale)) {
    refuse('invalid_lora_scale', `Expected \`loraScale\` to be 0 to ${engineLimits.maxLoraScale}`, loraScale);
  }
  if (!model.speeds.includes(speed)) {
    refuse('invalid_speed', `Expected \`speed\` to be one of ${model.speeds.join(', ')}`, speed);
  }
}

function isIntegerWithin(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function sizeText({ width, height }: PictureSize): string {
  return `${width}x${height}`;
}

/** What came is cut, because it may be anything of any length. */
function refuse(code: string, expected: string, got: unknown): never {
  throw new InvalidRequestError(code, `${expected}, got ${String(got).slice(0, 80)}.`);
}
