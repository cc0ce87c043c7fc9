import type { DrawRequest } from '../src/jobs/job.ts';
import { renderCommandLine } from './command-line.ts';
import type { CommandWorld } from './define-command.ts';
import { sizeText } from './draw-options.ts';
import { modelOf, plainSize } from './draw-request.ts';
import { imagine } from './imagine.ts';

/**
 * The line that draws a request exactly again, whatever the defaults of whoever types it; without the pictures that it
 * started from and followed, and of an enlarged picture the one before.
 */
export function redrawLine(request: DrawRequest, world: CommandWorld): string {
  return renderCommandLine(imagine, {
    prompt: request.prompt,
    negative: request.negativePrompt,
    count: request.count,
    steps: request.steps,
    guidance: request.guidanceScale,
    seed: request.seed,
    scheduler: request.scheduler,
    size: sizeText(plainSize(request, modelOf(request.model, world))),
    model: request.model,
    style: request.style ?? 'none',
    lora_strength: request.loraScale ?? undefined,
    // What others take for granted is not said; one's own default may be another than `exact`.
    speed: modelOf(request.model, world).speeds.length > 1 ? request.speed : undefined,
  });
}
