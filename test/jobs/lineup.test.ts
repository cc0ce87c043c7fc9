import { expect, it } from 'vitest';
import type { EngineTrouble } from '../../src/engines/image-engine.ts';
import { createLineupReader } from '../../src/jobs/lineup.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { roomy } from './job-world.ts';
import { sampleJob, sampleRequester } from './sample-jobs.ts';

function countingReader(pausedBecause: EngineTrouble | null = null) {
  const memory = createMemoryJobStore();
  let readings = 0;
  const waiting = async () => {
    readings += 1;
    return memory.waiting();
  };
  const read = createLineupReader({
    store: { waiting, drawing: memory.drawing },
    timekeeper: { estimate: (request) => request.count * 1_000 },
    clock: () => 10_000,
    concurrency: () => 1,
    pausedBecause: () => pausedBecause,
  });
  return { memory, read, readings: () => readings };
}

it('gives everybody their place and seconds', async () => {
  const { memory, read } = countingReader();
  const jobs = [];
  for (const user of ['ada', 'ada', 'grace']) {
    jobs.push((await memory.submit(sampleJob({ requester: sampleRequester(user) }), roomy)).job.id);
  }
  await memory.claim({ now: 9_000, leaseMs: 60_000 });
  const { standings } = await read();
  expect(jobs.map((id) => standings.get(id))).toEqual([
    { place: 0, waiting: 2, secondsLeft: 3, pausedBecause: null },
    { place: 2, waiting: 2, secondsLeft: 11, pausedBecause: null },
    { place: 1, waiting: 2, secondsLeft: 7, pausedBecause: null },
  ]);
});

it('tells those who wait of a pause instead of a time', async () => {
  const { memory, read } = countingReader('no_server');
  const [running, waiting] = [await memory.submit(sampleJob(), roomy), await memory.submit(sampleJob(), roomy)];
  await memory.claim({ now: 9_000, leaseMs: 60_000 });
  const { standings } = await read();
  expect(standings.get(running.job.id)).toMatchObject({ secondsLeft: 3, pausedBecause: null });
  expect(standings.get(waiting.job.id)).toEqual({
    place: 1,
    waiting: 1,
    secondsLeft: null,
    pausedBecause: 'no_server',
  });
});

it('costs two readings when five hundred ask at once, and tells each of a job from before they asked', async () => {
  const { memory, read, readings } = countingReader();
  const lineups = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      if (index > 0) await memory.submit(sampleJob(), roomy);
      return read();
    }),
  );
  expect(lineups.at(-1)?.waiting).toHaveLength(499);
  expect(readings()).toBe(2);
});

it('reads again after a reading that failed', async () => {
  const { memory } = countingReader();
  let failures = 1;
  const read = createLineupReader({
    store: {
      waiting: async () => {
        if (failures-- > 0) throw new Error('away');
        return memory.waiting();
      },
      drawing: memory.drawing,
    },
    timekeeper: { estimate: () => null },
    clock: () => 0,
    concurrency: () => 1,
    pausedBecause: () => null,
  });
  await expect(read()).rejects.toThrow('away');
  expect((await read()).waiting).toEqual([]);
});
