import type { PictureSize, SchedulerName } from '../engines/image-engine.ts';
import type { DrawRequest } from './job.ts';
import { applyStyle } from './styles.ts';

/** As the common viewers of generated pictures call them. */
const samplerTitles = {
  ddim: 'DDIM',
  dpmpp_2m: 'DPM++ 2M',
  unipc: 'UniPC',
  euler: 'Euler',
  euler_ancestral: 'Euler a',
} as const satisfies Record<SchedulerName, string>;

/** One picture of a request as it was drawn. */
export interface DrawnPictureFacts {
  readonly seed: number;
  readonly size: PictureSize;
  /** How far it departs from the picture it started from; null when it started from noise. */
  readonly strength: number | null;
}

/**
 * Texts to be kept inside the PNG: `parameters` as the common viewers read it, and `quartet` as JSON with all that
 * draws the picture again. Nothing of the time or the person, so that the same request gives the same bytes.
 */
export function pictureTexts(
  request: DrawRequest,
  { seed, size, strength }: DrawnPictureFacts,
): Readonly<Record<'parameters' | 'quartet', string>> {
  const { action, prompt, negativePrompt, steps, guidanceScale, scheduler, model, style, loraScale, speed } = request;
  const control = request.control === null ? null : { kind: request.control.kind, scale: request.control.scale };
  const hasMask = strength !== null && request.init?.mask != null;
  const settings: readonly (readonly [string, string | number])[] = [
    ['Steps', steps],
    ['Sampler', samplerTitles[scheduler]],
    ['CFG scale', guidanceScale],
    ['Seed', seed],
    ['Size', `${size.width}x${size.height}`],
    ['Model', model.replaceAll(/[,\n]/g, ' ')],
    ...(strength === null ? [] : [['Denoising strength', strength] as const]),
    ...(hasMask ? [['Mask', 'painted'] as const] : []),
    ...(control === null ? [] : [['ControlNet', `${control.kind} (${control.scale})`] as const]),
    ...(loraScale === null ? [] : [['LoRA strength', loraScale] as const]),
    ...(speed === 'exact' ? [] : [['Speed', speed] as const]),
  ];
  const lines = [
    applyStyle(prompt, style),
    ...(negativePrompt === '' ? [] : [`Negative prompt: ${negativePrompt}`]),
    settings.map(([name, value]) => `${name}: ${value}`).join(', '),
  ];
  return {
    parameters: lines.join('\n'),
    quartet: JSON.stringify({
      version: 1,
      action,
      prompt,
      negativePrompt,
      steps,
      guidanceScale,
      seed,
      scheduler,
      size,
      model,
      style,
      strength,
      // Only where something was asked for: a plain drawing keeps the bytes that it always had.
      ...(hasMask && { mask: true }),
      ...(control !== null && { control }),
      ...(loraScale !== null && { loraScale }),
      ...(speed !== 'exact' && { speed }),
    }),
  };
}

/** What a screen reader says of picture `index` (0-based). */
export function altText({ prompt, count }: DrawRequest, index: number): string {
  return count === 1 ? prompt : `${prompt} (picture ${index + 1} of ${count})`;
}
