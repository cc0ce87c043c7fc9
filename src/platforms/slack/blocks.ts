import type { types } from '@slack/bolt';
import { describeFailure, describeRetry } from '../../../commands/describe-error.ts';
import { mannerPieces } from '../../../commands/describe-settings.ts';
import { schedulerTitle, sizeText } from '../../../commands/draw-options.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import { drawingNotes } from '../../../commands/vocabulary.ts';
import type { EngineDescription } from '../../engines/image-engine.ts';
import type { FinishedJob, Job } from '../../jobs/job.ts';
import type { Standing } from '../../jobs/jobs.ts';
import { shownPictures } from '../../jobs/showing.ts';
import { hasPictures } from '../../jobs/transitions.ts';
import { messagesFor } from '../../messages/messages.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import { truncate } from '../../messages/truncate.ts';
import type { ButtonIds } from '../button-id.ts';
import type { JobProgress } from '../chat-platform.ts';
import { renderButtons } from './buttons.ts';
import { bold, escapeText, toMrkdwn } from './escape.ts';
import { slackLimits } from './limits.ts';

/** A message: blocks, and the text of notifications and screen readers. */
export interface MessageContent {
  readonly text: string;
  readonly blocks: types.KnownBlock[];
}

/** What is known about a job besides the job. */
export interface JobSurroundings {
  readonly ids: ButtonIds;
  readonly engine: EngineDescription;
  /** Lines in Slack's markup, for the asker. */
  readonly notes: readonly string[];
  /** The message that the job derives from. */
  readonly origin: string | null;
}

/** How far a job is: what the core tells, or that its pictures are on their way. */
export type Shown = JobProgress | { readonly phase: 'uploading' } | { readonly phase: 'ended' };

const barLength = 12;
const promptLength = 300;

/** The one message that stands for a job from its acceptance to its end. Pure. */
export function renderJobMessage(job: Job, shown: Shown, surroundings: JobSurroundings): MessageContent {
  const messages = messagesFor(job.requester.locale);
  const say = slackMessagesFor(job.requester.locale);
  const lines = [statusLine(job, shown), ...noteLines(job, surroundings)];
  const buttons = shown.phase === 'uploading' ? [] : resultButtons(job, messages);
  // Those of a result stand under its pictures, where there are any to be seen.
  const own = hasPictures(job) && shownPictures(job).length > 0 ? [] : buttons;
  return {
    text: `${escapeText(truncate(job.request.prompt, promptLength))}: ${lines[0]}`,
    blocks: [
      mrkdwn(`${bold(truncate(job.request.prompt, promptLength))}\n${escapeText(say.askedBy(job.requester.name))}`),
      context(lines),
      ...renderButtons(job, own, { ids: surroundings.ids, say }),
    ],
  };
}

/** What stands under the pictures: the settings, and everything that can be done with them. Pure. */
export function renderResultMessage(job: FinishedJob, surroundings: JobSurroundings): MessageContent {
  const messages = messagesFor(job.requester.locale);
  const say = slackMessagesFor(job.requester.locale);
  const settings = settingsLine(job);
  return {
    text: settings,
    blocks: [
      context([settings, ...derivation(job, surroundings.origin)]),
      ...renderButtons(job, resultButtons(job, messages), { ids: surroundings.ids, say }),
    ],
  };
}

/** Plain text blocks of a private answer, as many as it takes. Pure. */
export function renderText(markdown: string): MessageContent {
  const text = toMrkdwn(markdown);
  const chunks = splitText(text, slackLimits.sectionText);
  return {
    text: truncate(text, slackLimits.messageText),
    blocks: chunks.slice(0, slackLimits.blocksPerMessage).map(mrkdwn),
  };
}

/** A paragraph in Slack's own markup. `verbatim` keeps Slack from making links and mentions out of plain words. */
export function mrkdwn(text: string): types.SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: truncate(text, slackLimits.sectionText), verbatim: true } };
}

/** Small grey lines. */
export function context(lines: readonly string[]): types.ContextBlock {
  return {
    type: 'context',
    elements: lines
      .slice(0, slackLimits.contextElements)
      .map((text) => ({ type: 'mrkdwn', text: truncate(text, slackLimits.sectionText), verbatim: true })),
  };
}

function statusLine(job: Job, shown: Shown): string {
  const messages = messagesFor(job.requester.locale);
  const say = slackMessagesFor(job.requester.locale);
  if (job.state === 'failed') return toMrkdwn(describeFailure(job.failure, messages));
  if (job.state === 'cancelled') return say.cancelled;
  switch (shown.phase) {
    case 'waiting':
      return waitingLine(job, shown);
    case 'drawing': {
      const left = shown.secondsLeft === null ? [] : [say.timeLeft(messages.duration(shown.secondsLeft))];
      return [progressBar(shown.step, shown.steps), say.steps(shown.step, shown.steps), ...left].join(' · ');
    }
    case 'retrying':
      return toMrkdwn(describeRetry(shown.failure, messages));
    case 'uploading':
      return say.uploading;
    case 'ended':
      return hasPictures(job) ? say.doneIn(messages.duration((job.drawnAt - job.createdAt) / 1_000)) : '';
    default:
      return shown satisfies never;
  }
}

function waitingLine(job: Job, { place, waiting, secondsLeft, pausedBecause }: Standing): string {
  const messages = messagesFor(job.requester.locale);
  if (pausedBecause !== null) return toMrkdwn(messages.paused[pausedBecause]);
  return toMrkdwn(messages.queue.place(place, waiting, secondsLeft));
}

function noteLines(job: Job, { notes, origin, engine }: JobSurroundings): string[] {
  const messages = messagesFor(job.requester.locale);
  const isDrawn = hasPictures(job);
  const own = isDrawn ? drawingNotes(job, engine, messages) : [];
  return [...(isDrawn ? [] : derivation(job, origin)), ...new Set([...notes, ...own.map(toMrkdwn)])];
}

function derivation({ request, requester }: Job, origin: string | null): string[] {
  const from = request.derivedFrom;
  if (from === null) return [];
  const say = slackMessagesFor(requester.locale);
  const link = origin === null ? say.linkText : `<${origin}|${say.linkText}>`;
  const action = messagesFor(requester.locale).action[request.action];
  return [say.derivedFrom(action, from.index === null ? null : from.index + 1, link)];
}

function settingsLine({ request, requester }: FinishedJob): string {
  const { settings: say } = slackMessagesFor(requester.locale);
  const parts = [
    request.model,
    sizeText(request.size),
    say.steps(request.steps),
    say.guidance(request.guidanceScale),
    schedulerTitle(request.scheduler),
    ...(request.style === null ? [] : [request.style]),
    ...mannerPieces(request, messagesFor(requester.locale)),
    say.seed(request.seed),
  ];
  return escapeText(parts.join(' · '));
}

/** `▰▰▰▱▱▱` */
function progressBar(step: number, steps: number): string {
  const full = steps > 0 ? Math.round((Math.min(step, steps) / steps) * barLength) : 0;
  return '▰'.repeat(Math.max(0, full)) + '▱'.repeat(Math.max(0, barLength - full));
}

/** Cuts at line breaks, and inside a line only where it is too long by itself. */
function splitText(text: string, maxLength: number): string[] {
  const chunks: string[] = [];
  for (const line of text.split('\n')) {
    const last = chunks.at(-1);
    if (last !== undefined && last.length + 1 + line.length <= maxLength)
      chunks[chunks.length - 1] = `${last}\n${line}`;
    else chunks.push(truncate(line, maxLength));
  }
  return chunks.filter((chunk) => chunk.trim() !== '');
}
