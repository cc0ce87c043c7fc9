import type { Job } from '../src/jobs/job.ts';
import { picturesNeeded } from '../src/jobs/request-pictures.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import { type CommandWorld, defineCommand } from './define-command.ts';
import { describeFailure } from './describe-error.ts';
import { controlText, schedulerTitle, sizeText, styleTitle } from './draw-options.ts';
import { redrawLine } from './redraw-line.ts';
import { findJob, resultOptions } from './result-options.ts';

/** Shows everything that made a result, and the line that draws it again. */
export const details = defineCommand({
  name: 'details',
  text: ({ command }) => command.details,
  surface: 'button',
  options: [resultOptions.job],
  async run({ requester }, options, { jobs, engine }) {
    const messages = messagesFor(requester.locale);
    const job = await findJob(jobs, options.job, requester, messages);
    return { kind: 'details', job, text: describeJob(job, { engine }, messages) };
  },
});

/** The settings of a job in lines of text. */
export function describeJob(job: Job, world: CommandWorld, messages: Messages): string {
  const { request } = job;
  const { option } = messages;
  const { label, entry, long, ...say } = messages.details;
  const drawing = 'drawing' in job ? job.drawing : null;
  const seeds =
    drawing?.pictures.map(({ seed }) => seed) ??
    Array.from({ length: request.count }, (_, index) => (request.seed + index) % 2 ** 32);
  const lines = [
    say.title(messages.state[job.state]),
    long(option.prompt.title, request.prompt),
    ...(request.negativePrompt === '' ? [] : [long(option.negative.title, request.negativePrompt)]),
    ...(request.style === null ? [] : [entry(option.style.title, styleTitle(request.style, messages))]),
    entry(option.model.title, request.model),
    entry(option.size.title, sizeText(request.size)),
    entry(option.steps.title, String(request.steps)),
    entry(option.guidance.title, String(request.guidanceScale)),
    entry(option.scheduler.title, schedulerTitle(request.scheduler)),
    entry(label.seeds, seeds.join(', ')),
    ...(request.init === null ? [] : [entry(label.startsFrom, String(request.init.strength))]),
    ...(request.init?.mask == null ? [] : [entry(option.mask.title, say.painted)]),
    ...(request.control === null ? [] : [entry(label.control, controlText(request.control, messages))]),
    ...loraEntry(job, world, messages),
    ...(request.speed === 'exact' ? [] : [entry(option.speed.title, messages.speed[request.speed])]),
    ...(request.derivedFrom === null ? [] : [long(label.from, derivation(job, messages))]),
    ...(drawing === null ? [] : [entry(label.timings, timings(drawing.timings, messages))]),
    entry(label.id, job.id),
    ...(job.state === 'failed' ? [say.failed(describeFailure(job.failure, messages))] : []),
    '',
    picturesNeeded(request).length === 0 ? say.again : say.anew,
    say.line(redrawLine(request, world)),
  ];
  return lines.join('\n');
}

function derivation({ request }: Job, { details: say, action }: Messages): string {
  const from = request.derivedFrom;
  if (from === null) return '';
  return say.derived(action[request.action], from.job, from.index === null ? null : from.index + 1);
}

/** The strength of the model's LoRA: what was asked for, or what the model has by itself. */
function loraEntry({ request }: Job, { engine }: CommandWorld, { option, details: say }: Messages): string[] {
  const own = engine.models.find(({ id }) => id === request.model)?.loraScale ?? null;
  const scale = request.loraScale ?? own;
  return scale === null ? [] : [say.entry(option.loraStrength.title, String(scale))];
}

function timings(
  { totalMs, textEncoderMs, loopMs, decoderMs }: Extract<Job, { state: 'drawn' }>['drawing']['timings'],
  { details: say }: Messages,
): string {
  return say.timings(totalMs, textEncoderMs, loopMs, decoderMs);
}
