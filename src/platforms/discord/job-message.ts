import type { APIMessageTopLevelComponent } from 'discord.js';
import { describeFailure, describeRetry } from '../../../commands/describe-error.ts';
import { mannerPieces } from '../../../commands/describe-settings.ts';
import { schedulerTitle, sizeText } from '../../../commands/draw-options.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import type { FinishedJob, Job } from '../../jobs/job.ts';
import { type DiscordMessages, discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { ButtonIds } from '../button-id.ts';
import type { JobEnding, JobProgress } from '../chat-platform.ts';
import { buttonRows, gallery, textDisplay } from './components.ts';
import type { OutgoingFile, OutgoingMessage } from './outgoing.ts';
import { quoteText, relativeTime } from './text.ts';

const maxPromptShown = 400;

/** What a job's message is made of besides the job. */
export interface JobMessageContext {
  readonly ids: ButtonIds;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The message of a job that has no pictures yet. Pure. */
export function renderProgress(
  job: Job,
  progress: JobProgress,
  preview: OutgoingFile | null,
  { ids, now }: JobMessageContext,
): OutgoingMessage {
  const say = discordMessagesFor(job.requester.locale);
  const files = preview === null ? [] : [preview];
  const components: APIMessageTopLevelComponent[] = [
    textDisplay(`${heading(job, say)}\n${progressText(job, progress, now)}`),
    ...(files.length === 0 ? [] : [gallery(files)]),
    ...buttonRows(job, resultButtons(job), ids),
  ];
  return { components, files };
}

function progressText(job: Job, progress: JobProgress, now: number): string {
  const messages = messagesFor(job.requester.locale);
  const say = discordMessagesFor(job.requester.locale);
  const ready = (seconds: number | null) => (seconds === null ? null : relativeTime(now + seconds * 1_000));
  switch (progress.phase) {
    case 'waiting':
      if (progress.pausedBecause !== null) return messages.paused[progress.pausedBecause];
      if (progress.place === 0) return say.beginning;
      return say.waiting(progress.place, progress.waiting, ready(progress.secondsLeft));
    case 'drawing':
      return say.drawing(progress.step / progress.steps, progress.step, progress.steps, ready(progress.secondsLeft));
    case 'retrying':
      return describeRetry(progress.failure, messages);
    default:
      return progress satisfies never;
  }
}

/** What is said beside finished pictures. */
export interface ResultWords {
  /** Where the result that this one derives from is shown; null where nobody knows. */
  readonly originLink: string | null;
  /** Why a picture is not what one might expect. */
  readonly notes: readonly string[];
  /** Above everything, where the message is not where it should be. */
  readonly intro: string | null;
}

/** The message of a job that has ended. Pure. */
export function renderEnding(
  job: JobEnding,
  files: readonly OutgoingFile[],
  words: ResultWords,
  { ids }: Pick<JobMessageContext, 'ids'>,
): OutgoingMessage {
  const messages = messagesFor(job.requester.locale);
  const say = discordMessagesFor(job.requester.locale);
  const top = words.intro === null ? heading(job, say) : `${words.intro}\n${heading(job, say)}`;
  const rows = buttonRows(job, resultButtons(job), ids);
  if (job.state !== 'drawn') {
    const ending = job.state === 'failed' ? describeFailure(job.failure, messages) : say.cancelled;
    return { components: [textDisplay(`${top}\n${ending}`), ...rows], files: [] };
  }
  const small = [settingsLine(job, say), ...derivation(job, words.originLink, say)];
  const below = [...small.map((line) => `-# ${line}`), ...words.notes];
  const pictures = files.length === 0 ? [] : [gallery(files)];
  return { components: [textDisplay(top), ...pictures, textDisplay(below.join('\n')), ...rows], files };
}

function heading({ request, requester }: Job, say: DiscordMessages): string {
  return say.heading(quoteText(request.prompt, maxPromptShown), `<@${requester.userId}>`);
}

/** What drew the pictures, in one line. */
export function settingsLine({ request, requester, drawing }: FinishedJob, { settings: say }: DiscordMessages): string {
  const { seed, steps, guidanceScale, scheduler, size, style, init, model } = request;
  return [
    say.seed(seed),
    say.steps(steps),
    say.guidance(guidanceScale),
    schedulerTitle(scheduler),
    sizeText(size),
    ...(style === null ? [] : [say.style(quoteText(style, 40))]),
    ...(init === null ? [] : [say.strength(init.strength)]),
    ...(drawing.resized ? [] : mannerPieces(request, messagesFor(requester.locale))),
    say.model(quoteText(model, 60)),
    say.seconds((drawing.timings.totalMs / 1_000).toFixed(1)),
  ].join(' · ');
}

function derivation({ request, requester }: Job, link: string | null, say: DiscordMessages): string[] {
  if (request.derivedFrom === null || link === null) return [];
  const { action } = messagesFor(requester.locale);
  const { index } = request.derivedFrom;
  return [say.derived(action[request.action], index === null ? null : index + 1, link)];
}
