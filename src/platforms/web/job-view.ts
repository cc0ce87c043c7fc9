import type { ReplyButton } from '../../../commands/define-command.ts';
import { describeFailure, describeRetry } from '../../../commands/describe-error.ts';
import { describeAction, settingPieces } from '../../../commands/describe-settings.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import { drawingNotes } from '../../../commands/vocabulary.ts';
import type { EngineDescription } from '../../engines/image-engine.ts';
import type { DrawRequest, Job, JobFailure, JobState } from '../../jobs/job.ts';
import type { Standing } from '../../jobs/jobs.ts';
import { shownPictures } from '../../jobs/showing.ts';
import { hasPictures, isUnfinished } from '../../jobs/transitions.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';

/** How far an unfinished job is, as the page shows it; previews are data URLs, one a picture. */
export type ProgressView =
  | {
      readonly phase: 'waiting';
      readonly place: number;
      readonly waiting: number;
      readonly secondsLeft: number | null;
      /** A sentence, while drawing is paused. */
      readonly paused: string | null;
    }
  | {
      readonly phase: 'drawing';
      readonly step: number;
      readonly steps: number;
      readonly secondsLeft: number | null;
      readonly previews: readonly string[];
    }
  | { readonly phase: 'retrying'; readonly sentence: string };

export interface PictureView {
  /** Its place among all that were drawn, from 1. */
  readonly number: number;
  readonly url: string;
  readonly thumbnail: string;
  readonly download: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly alt: string;
}

/** A job as the page knows it: whole every time, so that any one event is enough to show it right. */
export interface JobView {
  readonly id: string;
  /** The page's own key of the request: it tells the page which of its messages became this job. */
  readonly key: string;
  readonly state: JobState;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly request: Omit<DrawRequest, 'init' | 'control'> & { readonly strength: number | null };
  /** What was typed or pressed: `/imagine`, `Vary 2`. */
  readonly asked: string;
  /** How it was drawn, in pieces that stand side by side; none before it was. */
  readonly settings: readonly string[];
  readonly progress: ProgressView | null;
  /** Those that may be seen. */
  readonly pictures: readonly PictureView[];
  /** How many are withheld. */
  readonly withheld: number;
  readonly resized: boolean;
  /** Sentences beside the pictures: words that the model has never seen, a resize that was no drawing. */
  readonly notes: readonly string[];
  /** Why it failed, in plain words. */
  readonly failure: string | null;
  readonly buttons: readonly ReplyButton[];
}

/** Renders a job for the page; keys of the picture store stay behind. */
export function renderJob(job: Job, progress: ProgressView | null, engine: EngineDescription): JobView {
  const messages = messagesFor(job.requester.locale);
  const { init, control: _control, ...request } = job.request;
  const drawing = hasPictures(job) ? job.drawing : null;
  const shown = hasPictures(job) ? shownPictures(job) : [];
  return {
    id: job.id,
    key: job.idempotencyKey.slice(job.idempotencyKey.lastIndexOf(':') + 1),
    state: job.state,
    createdAt: job.createdAt,
    endedAt: endOf(job),
    request: { ...request, strength: init?.strength ?? null },
    asked: describeAction(job, messages),
    settings: hasPictures(job) ? settingPieces(job, messages) : [],
    progress: isUnfinished(job) ? progress : null,
    pictures: shown.map(({ picture, index }) => ({
      number: index + 1,
      url: `/pictures/${job.id}/${index}.png`,
      thumbnail: `/pictures/${job.id}/${index}.webp`,
      download: `/pictures/${job.id}/${index}.png?download`,
      seed: picture.seed,
      width: picture.size.width,
      height: picture.size.height,
      alt: messages.alternative(request.prompt, index + 1, request.count),
    })),
    withheld: (drawing?.pictures.length ?? 0) - shown.length,
    resized: drawing?.resized ?? false,
    notes: hasPictures(job) ? drawingNotes(job, engine, messages) : [],
    failure: job.state === 'failed' ? describeFailure(job.failure, messages) : null,
    buttons: resultButtons(job),
  };
}

/** Where a job stands when nothing newer is known about it. */
export function standingView(standing: Standing, messages: Messages): ProgressView {
  const { place, waiting, secondsLeft, pausedBecause } = standing;
  const paused = pausedBecause === null ? null : messages.paused[pausedBecause];
  return { phase: 'waiting', place, waiting, secondsLeft, paused };
}

/** Why a job is drawn again. */
export function retryView(failure: JobFailure, messages: Messages): ProgressView {
  return { phase: 'retrying', sentence: describeRetry(failure, messages) };
}

function endOf(job: Job): number | null {
  if (isUnfinished(job)) return null;
  return hasPictures(job) ? job.drawnAt : job.endedAt;
}
