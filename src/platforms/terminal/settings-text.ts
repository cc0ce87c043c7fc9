import { schedulerTitle, sizeText } from '../../../commands/draw-options.ts';
import type { FinishedJob } from '../../jobs/job.ts';

/** What drew the pictures, in one line. */
export function settingsText({ request, drawing }: FinishedJob): string {
  const { style, size, steps, guidanceScale, scheduler, init, seed, model } = request;
  const first = [
    `seed ${seed}`,
    steps === 1 ? '1 step' : `${steps} steps`,
    `guidance ${guidanceScale}`,
    schedulerTitle(scheduler),
  ];
  const rest = [
    sizeText(size),
    ...(style === null ? [] : [`style ${style}`]),
    ...(init === null ? [] : [`strength ${init.strength}`]),
    `model ${model}`,
    `${(drawing.timings.totalMs / 1_000).toFixed(1)} s`,
  ];
  return [...first, ...rest].join(', ');
}
