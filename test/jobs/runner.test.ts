import { afterEach, describe, expect, it } from 'vitest';
import { defaultModelId } from '../../src/engines/image-engine.ts';
import { EngineError, InvalidRequestError, StoreError } from '../../src/errors.ts';
import type { DrawingStore } from '../../src/jobs/job-store.ts';
import { pictureKey } from '../../src/jobs/picture-store.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { createJobWorld, type JobWorld, type JobWorldOptions } from './job-world.ts';
import { sampleReplyTo, sampleRequest, sampleRequester } from './sample-jobs.ts';

let worlds: JobWorld[] = [];
let keys = 0;

async function open(options: JobWorldOptions = {}) {
  const world = await createJobWorld(options);
  worlds.push(world);
  const submit = async (userId = 'ada', request = {}) => {
    const asked = { ...sampleRequest, ...request };
    return (await world.jobs.submit(asked, sampleRequester(userId), sampleReplyTo, `key-${++keys}`)).job;
  };
  return { ...world, submit };
}

afterEach(async () => {
  // A later world may still use the folder of an earlier one.
  for (const world of worlds.toReversed()) await world.close();
  worlds = [];
});

describe('runner', () => {
  it('draws no more at once than the engine can take, and all in the end', async () => {
    const { engine, platform, submit, start } = await open({ engine: { concurrency: 3 } });
    const release = engine.hold();
    await start();
    for (let n = 0; n < 12; n++) await submit(`user-${n % 4}`);
    await expect.poll(() => engine.running.now).toBe(3);
    release();
    await platform.told(12);
    expect(engine.running.most).toBe(3);
    expect(engine.requests).toHaveLength(12);
  });

  it('takes a job from the line only when there is room for it', async () => {
    const { engine, store, submit, start, reached } = await open();
    const release = engine.hold();
    await start();
    const first = await submit();
    await reached(first.id, 'drawing');
    await submit();
    expect(await store.counts()).toMatchObject({ waiting: 1, drawing: 1 });
    release();
  });

  it('draws people in turns', async () => {
    const { events, platform, submit, start } = await open();
    for (const userId of ['ada', 'ada', 'ada', 'grace', 'mary']) await submit(userId);
    await start();
    await platform.told(5);
    const begun = events.flatMap((event) =>
      event.type === 'state' && event.job.state === 'drawing' ? [event.job.requester.userId] : [],
    );
    expect(begun).toEqual(['ada', 'grace', 'mary', 'ada', 'ada']);
  });

  it('tries again with the same seeds when the engine went away, and says so', async () => {
    const { engine, platform, submit, start, reached, statesOf } = await open();
    engine.failWith(new EngineError('engine_lost', 'The GPU went away.', { retryable: true }));
    await start();
    const { id } = await submit();
    expect(await reached(id, 'delivered')).toMatchObject({ attempt: 2 });
    expect(statesOf(id)).toEqual(['queued', 'drawing', 'queued', 'drawing', 'drawn', 'delivered']);
    expect(platform.progress.map(({ progress }) => progress)).toContainEqual({
      phase: 'retrying',
      failure: { code: 'engine_lost', message: 'The GPU went away.' },
    });
    expect(engine.requests[0]).toEqual(engine.requests[1]);
  });

  it('fails a job that the engine could not draw five times', async () => {
    const { engine, platform, submit, start } = await open();
    engine.failWith(...Array.from({ length: 5 }, () => new EngineError('engine_lost', 'Gone.', { retryable: true })));
    await start();
    const { id } = await submit();
    await platform.told(1);
    expect(platform.messages.get(id)).toMatchObject({
      state: 'failed',
      attempt: 5,
      failure: { code: 'engine_lost', message: 'Gone.' },
    });
  });

  it('fails at once what can never be drawn, and gives the quota back', async () => {
    const limits = { maxQueue: 9, maxJobsPerUser: 9, dailyImagesPerUser: 4 };
    const { engine, submit, start, reached } = await open({ jobs: { limits } });
    engine.failWith(
      new InvalidRequestError('invalid_size', 'Expected another size.'),
      new EngineError('model_broken', 'The model is broken.'),
      new TypeError('a bug'),
    );
    await start();
    const codes: string[] = [];
    for (let n = 0; n < 3; n++) {
      const job = await reached((await submit()).id, 'failed');
      codes.push(job.state === 'failed' ? job.failure.code : job.state);
    }
    expect(codes).toEqual(['invalid_size', 'model_broken', 'internal_error']);
  });

  it('goes on with the others while one waits for its next try', async () => {
    const { engine, submit, start, reached, events } = await open();
    engine.failWith(new EngineError('engine_lost', 'Gone.', { retryable: true }));
    await start();
    const first = await submit('ada');
    const second = await submit('grace');
    await reached(first.id, 'delivered');
    await reached(second.id, 'delivered');
    const drawn = events.flatMap(({ type, job }) => (type === 'state' && job.state === 'drawn' ? [job.id] : []));
    expect(drawn).toEqual([second.id, first.id]);
  });

  it('pauses while the engine is not ready, keeps the line, and goes on by itself', async () => {
    const { jobs, engine, platform, submit, start } = await open();
    engine.setReady(false);
    await start();
    const { id } = await submit();
    const owner = sampleRequester('ada');
    await expect.poll(async () => (await jobs.overview(owner)).pausedBecause).toBe('no_server');
    expect(await jobs.standing(id)).toMatchObject({ place: 1, pausedBecause: 'no_server' });
    expect(engine.requests).toHaveLength(0);
    engine.setReady(true);
    await platform.told(1);
    expect((await jobs.overview(owner)).pausedBecause).toBeNull();
  });

  it('tells those who wait of a pause, and of the time left when it is over', async () => {
    const { jobs, engine, submit, start, reached, event } = await open();
    await start();
    await reached((await submit()).id, 'delivered');
    const isTold = (id: string, pausedBecause: string | null, isTimeTold: boolean) =>
      event(
        (next) =>
          next.type === 'progress' &&
          next.job.id === id &&
          next.progress.phase === 'waiting' &&
          next.progress.pausedBecause === pausedBecause &&
          (next.progress.secondsLeft !== null) === isTimeTold,
      );
    engine.setReady(false);
    await expect.poll(async () => (await jobs.overview(sampleRequester())).pausedBecause).toBe('no_server');
    const [first, second] = [await submit(), await submit()];
    await isTold(first.id, 'no_server', false);
    await isTold(second.id, 'no_server', false);
    const release = engine.hold();
    engine.setReady(true);
    await isTold(second.id, null, true);
    release();
    await reached(second.id, 'delivered');
  });

  it('tells one whose drawing was interrupted of a pause too', async () => {
    let kill: (() => void) | null = () => engine.setReady(false);
    const beforeStep = async () => {
      if (kill === null) return;
      kill();
      kill = null;
      throw new EngineError('engine_unavailable', 'The GPU went away.', { retryable: true });
    };
    const { engine, submit, start, reached, event } = await open({ engine: { beforeStep } });
    await start();
    const { id } = await submit();
    await event(({ job, ...next }) => next.type === 'progress' && job.id === id && next.progress.phase === 'retrying');
    await event(
      ({ job, ...next }) =>
        next.type === 'progress' &&
        job.id === id &&
        next.progress.phase === 'waiting' &&
        next.progress.pausedBecause === 'no_server',
    );
    engine.setReady(true);
    await reached(id, 'delivered');
  });

  it('asks an engine that is away no more often because many jobs come', async () => {
    const { engine, submit, start } = await open({ jobs: { runner: { pollMs: 60_000 } } });
    let questions = 0;
    const answer = engine.health.bind(engine);
    engine.health = () => {
      questions++;
      return answer();
    };
    engine.setReady(false);
    await start();
    for (let n = 0; n < 50; n++) await submit();
    expect(questions).toBe(1);
  });

  it('holds it against no job that the engine did not take it, however often', async () => {
    const { engine, store, submit, start, reached } = await open();
    const codes = ['engine_away', 'engine_busy', 'engine_model_missing', 'engine_busy', 'engine_away'];
    engine.failWith(...codes.map((code) => new EngineError(code, 'Not now.', { retryable: true })));
    await start();
    const { id } = await submit();
    expect(await reached(id, 'delivered')).toMatchObject({ attempt: 6 });
    expect(await store.setbacks(id)).toBe(0);
  });

  it('draws with the engine’s first model, in its size, what was asked for before any model was known', async () => {
    const { engine, store, submit, start, reached } = await open();
    await start();
    const { id } = await submit('ada', { model: defaultModelId, size: { width: 1_024, height: 8 } });
    const settled = { model: 'instant', size: { width: 512, height: 512 } };
    expect(await reached(id, 'delivered')).toMatchObject({ request: settled });
    expect(await store.get(id)).toMatchObject({ request: settled });
    expect(engine.requests).toEqual([expect.objectContaining(settled)]);
  });

  it('pauses, and does not stand still, when the engine does not tell its health', async () => {
    const { jobs, engine, platform, submit } = await open({ jobs: { runner: { pollMs: 20, healthTimeoutMs: 30 } } });
    const answer = engine.health.bind(engine);
    engine.health = () => new Promise(() => undefined);
    await jobs.start([platform]);
    await submit();
    await expect.poll(async () => (await jobs.overview(sampleRequester())).pausedBecause).toBe('silent');
    engine.health = answer;
    await platform.told(1);
  });

  it('stops a drawing whose lease another process has taken', async () => {
    const store = createMemoryJobStore();
    const { engine, submit, start, reached } = await open({ store, jobs: { runner: { pollMs: 20, leaseMs: 60 } } });
    const release = engine.hold();
    await start();
    const { id } = await submit();
    const mine = await reached(id, 'drawing');
    await store.putBack(mine, { notBefore: Number.MAX_SAFE_INTEGER, setback: false });
    await expect.poll(() => engine.running.now).toBe(0);
    release();
    expect(await store.get(id)).toMatchObject({ state: 'queued', attempt: 1 });
  });

  it('finds out from the store that a running job was cancelled elsewhere', async () => {
    const store = createMemoryJobStore();
    const { engine, submit, start, reached } = await open({ store, jobs: { runner: { pollMs: 20, leaseMs: 60 } } });
    const release = engine.hold();
    await start();
    const { id } = await submit();
    await reached(id, 'drawing');
    await store.cancel(id, 1);
    await expect.poll(() => engine.running.now).toBe(0);
    release();
  });

  it('takes over a drawing that nobody renews, also while other processes may be alive', async () => {
    const store = createMemoryJobStore();
    const { jobs, platform, submit } = await open({
      store,
      jobs: { soleProcess: false, runner: { pollMs: 20, leaseMs: 60 } },
    });
    const { id } = await submit();
    await store.claim({ now: Date.now(), leaseMs: 100 });
    await jobs.start([platform]);
    await platform.told(1);
    expect(await store.get(id)).toMatchObject({ attempt: 2 });
  });

  it('draws at once after a restart what a killed process was drawing', async () => {
    const store = createMemoryJobStore();
    const { submit, start, reached } = await open({ store });
    const { id } = await submit();
    await store.claim({ now: Date.now(), leaseMs: 1_000_000 });
    await start();
    expect(await reached(id, 'delivered')).toMatchObject({ attempt: 2 });
  });

  it('keeps finished pictures until the database is back', async () => {
    const memory = createMemoryJobStore();
    let failures = 3;
    const saveDrawn: DrawingStore['saveDrawn'] = async (...args) => {
      if (failures-- > 0) throw new StoreError('database_unavailable', 'Away.', { retryable: true });
      return memory.saveDrawn(...args);
    };
    const { engine, submit, start, reached } = await open({ store: { ...memory, saveDrawn } });
    await start();
    await reached((await submit()).id, 'delivered');
    expect(engine.requests).toHaveLength(1);
  });

  it('goes on after the database was away while it looked for work', async () => {
    const memory = createMemoryJobStore();
    let failures = 3;
    const claim: DrawingStore['claim'] = async (times) => {
      if (failures-- > 0) throw new StoreError('database_unavailable', 'Away.', { retryable: true });
      return memory.claim(times);
    };
    const { submit, start, reached } = await open({ store: { ...memory, claim } });
    await start();
    await reached((await submit()).id, 'delivered');
  });
});

describe('the end of the process', () => {
  it('finishes what is under way within the deadline, tells it, and takes nothing new in', async () => {
    const { jobs, store, platform, submit, start, reached } = await open({ engine: { stepMs: 10 } });
    await start();
    const running = await submit();
    const waiting = await submit();
    await reached(running.id, 'drawing');
    const drained = jobs.drain(20_000);
    await expect(submit()).rejects.toMatchObject({ code: 'restarting', retryable: true });
    await drained;
    expect([...platform.messages.keys()]).toEqual([running.id]);
    expect((await store.get(waiting.id))?.state).toBe('queued');
  });

  it('hands back what does not end in time, first in line, without a mark against it', async () => {
    const { jobs, engine, store, pictures, submit, start, reached } = await open();
    const release = engine.hold();
    await start();
    const running = await submit();
    await submit('grace');
    await reached(running.id, 'drawing');
    await jobs.drain(10);
    expect((await store.get(running.id))?.state).toBe('queued');
    expect(await store.setbacks(running.id)).toBe(0);
    release();
    const after = await open({ store, pictures });
    await after.start();
    const begun = await after.event(({ type, job }) => type === 'state' && job.state === 'drawing');
    expect(begun.job.id).toBe(running.id);
    await after.reached(running.id, 'delivered');
    expect(await after.jobs.readPicture(pictureKey(running.id, 0))).not.toBeNull();
  });

  it('may be asked for twice', async () => {
    const { jobs, start } = await open();
    await start();
    await Promise.all([jobs.close(), jobs.close(), jobs.drain(5)]);
    await jobs.close();
  });
});
