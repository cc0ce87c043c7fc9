import { expect, test } from 'vitest';
import type { DrawRequest, Requester } from '../../../src/jobs/job.ts';
import type { ChatPlatform } from '../../../src/platforms/chat-platform.ts';
import { createSessionJobs } from '../../../src/platforms/terminal/session-jobs.ts';
import { createInstantEngine, type InstantEngineOptions } from '../../engines/instant-engine.ts';

const requester: Requester = {
  platform: 'terminal',
  workspace: null,
  userId: 'me',
  name: 'Me',
  locale: 'en',
  isAdmin: false,
};
const replyTo = {
  platform: 'terminal',
  workspace: null,
  channel: 'me',
  thread: null,
  message: null,
  ageRestricted: false,
} as const;
const request: DrawRequest = {
  action: 'imagine',
  prompt: 'a boat',
  negativePrompt: '',
  count: 2,
  steps: 3,
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
const never = new AbortController().signal;

function open(options: InstantEngineOptions = {}) {
  const told: string[] = [];
  const platform: ChatPlatform = {
    name: 'terminal',
    start: async () => undefined,
    showProgress: () => undefined,
    deliver: async (job) => {
      told.push(job.state);
      return { message: null };
    },
    close: async () => undefined,
  };
  let now = 1_000;
  const jobs = createSessionJobs({ engine: createInstantEngine(options), clock: () => now++ });
  return { jobs, platform, told, submit: (key: string) => jobs.submit(request, requester, replyTo, key) };
}

test('draws what waits in order and keeps the pictures', async () => {
  const { jobs, platform, told, submit } = open();
  const first = await submit('1');
  await submit('2');
  expect(await jobs.standing(first.job.id)).toMatchObject({ place: 1, waiting: 2 });
  const ended = await jobs.drawAll(platform, never);
  expect(ended.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  expect(told).toEqual(['drawn', 'drawn']);
  const [newest] = await jobs.history(requester, { limit: 1 });
  expect(newest?.idempotencyKey).toBe('2');
  expect(await jobs.readPicture(newest?.drawing.pictures[1]?.key ?? ('' as never))).not.toBeNull();
  expect(await jobs.recent(requester, { limit: 9, before: newest?.createdAt ?? 0 })).toHaveLength(1);
});

test('takes the same key once', async () => {
  const { submit } = open();
  const [first, second] = [await submit('1'), await submit('1')];
  expect(second).toEqual({ job: first.job, created: false });
});

test('cancels a waiting job, and one that is being drawn', async () => {
  let stop: () => Promise<unknown> = async () => undefined;
  const { jobs, platform, told, submit } = open({ beforeStep: async () => void (await stop()) });
  const waiting = await submit('1');
  expect(await jobs.cancel(waiting.job.id, requester)).toBe('queued');
  const running = await submit('2');
  stop = () => jobs.cancel(running.job.id, requester);
  await jobs.drawAll(platform, never);
  expect((await jobs.get(running.job.id))?.state).toBe('cancelled');
  expect(told).toEqual(['cancelled']);
  expect(await jobs.cancel(waiting.job.id, requester)).toBe('cancelled');
});

test('forgets everything', async () => {
  const { jobs, platform, submit } = open();
  await submit('1');
  await jobs.drawAll(platform, never);
  await jobs.saveSettings(requester, { count: 1 });
  expect(await jobs.forget(requester)).toEqual({ jobs: 1, pictures: 2 });
  expect(await jobs.settings(requester)).toEqual({});
  expect(await jobs.recent(requester, { limit: 9 })).toEqual([]);
});
