import type { DrawAction, DrawRequest, FinishedJob, Job } from '../src/jobs/job.ts';
import type { Messages } from '../src/messages/messages.ts';
import { schedulerTitle, sizeText, styleTitle } from './draw-options.ts';

/** The settings of a result in short pieces that stand side by side in one line. */
export function settingPieces({ request, drawing }: FinishedJob, messages: Messages): readonly string[] {
  const { setting: say } = messages;
  const { style, size, steps, guidanceScale, scheduler, init, control, loraScale, speed, seed } = request;
  const { totalMs } = drawing.timings;
  return [
    say.seed(seed),
    ...(drawing.resized ? [say.resized] : [say.steps(steps), say.guidance(guidanceScale), schedulerTitle(scheduler)]),
    sizeText(size),
    ...(style === null ? [] : [say.style(styleTitle(style, messages))]),
    ...(init === null || drawing.resized ? [] : [say.strength(init.strength)]),
    ...(drawing.resized ? [] : mannerPieces({ init, control, loraScale, speed }, messages)),
    // What took no time worth telling is not told.
    ...(totalMs < 50 ? [] : [say.time(totalMs)]),
  ];
}

/** The settings that most drawings are without, in short pieces. */
export function mannerPieces(
  { init, control, loraScale, speed }: Pick<DrawRequest, 'init' | 'control' | 'loraScale' | 'speed'>,
  messages: Messages,
): readonly string[] {
  const { setting: say } = messages;
  return [
    ...(init?.mask == null ? [] : [say.painted]),
    ...(control === null ? [] : [say.control(messages.control[control.kind], control.scale)]),
    ...(loraScale === null ? [] : [say.lora(loraScale)]),
    ...(speed === 'exact' ? [] : [say.speed(speed)]),
  ];
}

/** What somebody did to get a job: the typed command, or the button. */
export function describeAction({ request }: Job, { command, button }: Messages): string {
  const picture = (request.derivedFrom?.index ?? 0) + 1;
  const words: Record<DrawAction, string> = {
    imagine: `/${command.imagine.name}`,
    vary: button.vary(picture),
    enlarge: button.enlarge(picture),
    again: button.again,
    edit: button.edit,
  };
  return words[request.action];
}
