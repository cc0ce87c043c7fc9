import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { RgbPicture } from '../../src/engines/image-engine.ts';
import type { CancelledJob, DrawingJob, DrawnJob, FailedJob, JobId, PlatformName } from '../../src/jobs/job.ts';
import { pictureKey } from '../../src/jobs/picture-store.ts';
import type { ChatPlatform, JobEnding, JobProgress } from '../../src/platforms/chat-platform.ts';

/** A platform with somebody who looks at it. */
export interface ObservedPlatform {
  readonly platform: ChatPlatform;
  /** The user and channel that jobs come from. */
  readonly userId: string;
  /** Makes the pictures of a job readable, as the job core does before it delivers. */
  readonly keep: (job: DrawnJob) => Promise<void>;
  /** How often people have been shown the ending of that job; waits until what was sent has been shown. */
  readonly timesSeen: (job: JobEnding) => Promise<number>;
  readonly dispose: () => Promise<void>;
}

const never = new AbortController().signal;

/** What every chat platform promises the job core. */
export function describeChatPlatform(
  name: string,
  platformName: PlatformName,
  open: () => Promise<ObservedPlatform>,
): void {
  describe(`${name} as a chat platform`, () => {
    const opened: ObservedPlatform[] = [];
    const observed = async () => {
      const platform = await open();
      opened.push(platform);
      await platform.platform.start();
      return platform;
    };

    afterEach(async () => {
      for (const { platform, dispose } of opened.splice(0)) {
        await platform.close();
        await dispose();
      }
    });

    test('has the name of its jobs', async () => {
      expect((await observed()).platform.name).toBe(platformName);
    });

    test('shows the pictures of a drawn job', async () => {
      const { platform, userId, keep, timesSeen } = await observed();
      const job = drawnJob(platformName, userId);
      await keep(job);
      await platform.deliver(job, { signal: never });
      expect(await timesSeen(job)).toBe(1);
    });

    test('shows an ending once when it is delivered twice', async () => {
      const { platform, userId, keep, timesSeen } = await observed();
      const job = drawnJob(platformName, userId);
      await keep(job);
      const first = await platform.deliver(job, { signal: never });
      const second = await platform.deliver(job, { signal: never });
      expect(second).toEqual(first);
      expect(await timesSeen(job)).toBe(1);
    });

    test('tells of a failure and of a cancellation', async () => {
      const { platform, userId, timesSeen } = await observed();
      const endings = [failedJob(platformName, userId), cancelledJob(platformName, userId)];
      for (const job of endings) await platform.deliver(job, { signal: never });
      for (const job of endings) expect(await timesSeen(job)).toBe(1);
    });

    test('does not deliver under a signal that is aborted', async () => {
      const { platform, userId, keep } = await observed();
      const job = drawnJob(platformName, userId);
      await keep(job);
      const aborted = AbortSignal.abort(new Error('no time left'));
      await expect(platform.deliver(job, { signal: aborted })).rejects.toThrow('no time left');
    });

    test('never throws when it is shown progress, not even nonsense or after its end', async () => {
      const { platform, userId } = await observed();
      const job = drawingJob(platformName, userId);
      for (const progress of progresses) expect(() => platform.showProgress(job, progress)).not.toThrow();
      await platform.close();
      for (const progress of progresses) expect(() => platform.showProgress(job, progress)).not.toThrow();
    });

    test('can be closed twice', async () => {
      const { platform } = await observed();
      await platform.close();
      await platform.close();
    });
  });
}

const preview: RgbPicture = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(120) };
const broken: RgbPicture = { width: 8, height: 8, data: new Uint8Array(3) };
const progresses: readonly JobProgress[] = [
  { phase: 'waiting', place: 3, waiting: 7, secondsLeft: null, pausedBecause: null },
  { phase: 'waiting', place: 1, waiting: 1, secondsLeft: null, pausedBecause: 'no_server' },
  { phase: 'drawing', step: 1, steps: 20, secondsLeft: 12, previews: [preview, preview] },
  { phase: 'drawing', step: 2, steps: 20, secondsLeft: null, previews: [broken] },
  { phase: 'drawing', step: 20, steps: 20, secondsLeft: 0, previews: null },
  { phase: 'retrying', failure: { code: 'engine_unavailable', message: 'The engine went away.' } },
];

function base(platform: PlatformName, userId: string) {
  return {
    // Tests make ids as the job core does.
    id: randomUUID() as JobId,
    idempotencyKey: `test:${randomUUID()}`,
    request: {
      action: 'imagine',
      prompt: 'a red lighthouse',
      negativePrompt: '',
      count: 2,
      steps: 20,
      guidanceScale: 4,
      seed: 7,
      scheduler: 'ddim',
      size: { width: 512, height: 512 },
      model: 'instant',
      style: null,
      init: null,
      control: null,
      loraScale: null,
      speed: 'exact',
      derivedFrom: null,
    },
    requester: { platform, workspace: null, userId, name: 'Somebody', locale: 'en', isAdmin: false },
    replyTo: { platform, workspace: null, channel: userId, thread: null, message: null, ageRestricted: false },
    createdAt: 1_700_000_000_000,
    attempt: 1,
  } as const;
}

function drawingJob(platform: PlatformName, userId: string): DrawingJob {
  return { ...base(platform, userId), state: 'drawing', startedAt: 1_700_000_001_000 };
}

function drawnJob(platform: PlatformName, userId: string): DrawnJob {
  const job = base(platform, userId);
  const pictures = [0, 1].map((index) => ({
    key: pictureKey(job.id, index),
    seed: 7 + index,
    size: job.request.size,
    bytes: 100,
    altText: `a red lighthouse (picture ${index + 1} of 2)`,
    unsafe: 0,
  }));
  const timings = { textEncoderMs: 1, loopMs: 2, decoderMs: 3, totalMs: 6 };
  const drawing = { pictures, timings, resized: false, unknownWords: [] };
  return { ...job, state: 'drawn', drawing, drawnAt: 1_700_000_002_000 };
}

function failedJob(platform: PlatformName, userId: string): FailedJob {
  const failure = { code: 'engine_lost', message: 'The engine went away.' };
  return { ...base(platform, userId), state: 'failed', failure, endedAt: 1_700_000_002_000 };
}

function cancelledJob(platform: PlatformName, userId: string): CancelledJob {
  return { ...base(platform, userId), state: 'cancelled', endedAt: 1_700_000_002_000 };
}
