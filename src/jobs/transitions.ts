import { QuartetError } from '../errors.ts';
import type {
  CancelledJob,
  DeliveredJob,
  Drawing,
  DrawingJob,
  DrawnJob,
  FailedJob,
  Job,
  JobFailure,
  JobState,
  QueuedJob,
} from './job.ts';

function expectState<State extends JobState>(
  job: Job,
  ...allowed: readonly State[]
): asserts job is Extract<Job, { state: State }> {
  const states: readonly JobState[] = allowed;
  if (!states.includes(job.state)) {
    throw new QuartetError(
      'illegal_transition',
      `Expected job ${job.id} to be ${allowed.join(' or ')}, got ${job.state}`,
    );
  }
}

function baseOf(job: Job) {
  const { id, idempotencyKey, request, requester, replyTo, createdAt, attempt } = job;
  return { id, idempotencyKey, request, requester, replyTo, createdAt, attempt };
}

/** A waiting job begins to be drawn: its attempt number rises. */
export function beginDrawing(job: Job, now: number): DrawingJob {
  expectState(job, 'queued');
  return { ...baseOf(job), attempt: job.attempt + 1, state: 'drawing', startedAt: now };
}

/** A job whose drawing was interrupted waits again. */
export function putBack(job: Job): QueuedJob {
  expectState(job, 'drawing');
  return { ...baseOf(job), state: 'queued' };
}

/** The pictures are stored. */
export function finishDrawing(job: Job, drawing: Drawing, now: number): DrawnJob {
  expectState(job, 'drawing');
  return { ...baseOf(job), state: 'drawn', drawing, drawnAt: now };
}

/** People have been shown the pictures. */
export function markDelivered(job: Job, message: string | null, now: number): DeliveredJob {
  expectState(job, 'drawn');
  return {
    ...baseOf(job),
    state: 'delivered',
    drawing: job.drawing,
    drawnAt: job.drawnAt,
    deliveredAt: now,
    message,
  };
}

/** Somebody took the request back. */
export function cancelJob(job: Job, now: number): CancelledJob {
  expectState(job, 'queued', 'drawing', 'drawn');
  return { ...baseOf(job), state: 'cancelled', endedAt: now };
}

/** The job cannot be done. */
export function failJob(job: Job, failure: JobFailure, now: number): FailedJob {
  expectState(job, 'queued', 'drawing', 'drawn');
  return { ...baseOf(job), state: 'failed', failure, endedAt: now };
}

/** Whether the job still waits or is being drawn. */
export function isUnfinished(job: Job): job is QueuedJob | DrawingJob {
  return job.state === 'queued' || job.state === 'drawing';
}

/** Whether the job has pictures. */
export function hasPictures(job: Job): job is DrawnJob | DeliveredJob {
  return job.state === 'drawn' || job.state === 'delivered';
}
