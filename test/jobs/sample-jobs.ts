import { randomUUID } from 'node:crypto';
import type { Drawing, DrawRequest, JobId, QueuedJob, ReplyTo, Requester } from '../../src/jobs/job.ts';
import { pictureKey } from '../../src/jobs/picture-store.ts';

export const sampleRequest: DrawRequest = {
  action: 'imagine',
  prompt: 'a red lighthouse at dusk',
  negativePrompt: '',
  count: 4,
  steps: 4,
  guidanceScale: 4,
  seed: 7,
  scheduler: 'ddim',
  size: { width: 64, height: 64 },
  model: 'instant',
  style: null,
  init: null,
  control: null,
  loraScale: null,
  speed: 'exact',
  derivedFrom: null,
};

export function sampleRequester(userId = 'ada', changes: Partial<Requester> = {}): Requester {
  return { platform: 'web', workspace: null, userId, name: userId, locale: 'en', isAdmin: false, ...changes };
}

export const sampleReplyTo: ReplyTo = {
  platform: 'web',
  workspace: null,
  channel: 'playground',
  thread: null,
  message: null,
  ageRestricted: false,
};

export function sampleJob(changes: Partial<QueuedJob> = {}): QueuedJob {
  return {
    id: randomUUID() as JobId,
    idempotencyKey: randomUUID(),
    request: sampleRequest,
    requester: sampleRequester(),
    replyTo: sampleReplyTo,
    createdAt: 1_000_000,
    attempt: 0,
    state: 'queued',
    ...changes,
  };
}

export function sampleDrawing(id: JobId, count = 4): Drawing {
  return {
    pictures: Array.from({ length: count }, (_, index) => ({
      key: pictureKey(id, index),
      seed: 7 + index,
      size: { width: 64, height: 64 },
      bytes: 100,
      altText: `picture ${index + 1}`,
      unsafe: 0,
    })),
    timings: { textEncoderMs: 1, loopMs: 10, decoderMs: 2, totalMs: 13 },
    resized: false,
    unknownWords: [],
  };
}
