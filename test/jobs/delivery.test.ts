import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryError } from '../../src/errors.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { createJobWorld, type JobWorld, type JobWorldOptions } from './job-world.ts';
import { createRecordingPlatform } from './recording-platform.ts';
import { sampleReplyTo, sampleRequest, sampleRequester } from './sample-jobs.ts';

let worlds: JobWorld[] = [];
let keys = 0;

async function open(options: JobWorldOptions = {}) {
  const world = await createJobWorld(options);
  worlds.push(world);
  const submit = async (platform: 'web' | 'slack' = 'web') => {
    const replyTo = { ...sampleReplyTo, platform };
    return (await world.jobs.submit(sampleRequest, sampleRequester(), replyTo, `key-${++keys}`)).job;
  };
  return { ...world, submit };
}

afterEach(async () => {
  for (const world of worlds) await world.close();
  worlds = [];
});

describe('delivery', () => {
  it('tries again when the platform is down, and never draws twice for it', async () => {
    const { engine, platform, submit, start, reached, statesOf } = await open();
    platform.failWith(new DeliveryError('platform_down', 'Down.', { retryable: true, retryAfterMs: 5 }));
    await start();
    const { id } = await submit();
    await reached(id, 'delivered');
    expect(platform.calls).toBe(2);
    expect(engine.requests).toHaveLength(1);
    expect(statesOf(id)).toEqual(['queued', 'drawing', 'drawn', 'delivered']);
  });

  it('waits as long as the platform says', async () => {
    const { platform, log, submit, start, event } = await open();
    platform.failWith(new DeliveryError('rate_limited', 'Slow down.', { retryable: true, retryAfterMs: 90_000 }));
    await start();
    const { id } = await submit();
    await event(({ type, job }) => type === 'state' && job.id === id && job.state === 'drawn');
    await expect.poll(() => log.some(({ retryMs }) => retryMs === 90_000)).toBe(true);
    expect(platform.calls).toBe(1);
  });

  it('gives up when the channel is gone, with a line in the log, and keeps the pictures', async () => {
    const { jobs, platform, log, submit, start } = await open();
    platform.failWith(new DeliveryError('channel_gone', 'The channel was deleted.'));
    await start();
    const { id } = await submit();
    await expect.poll(() => log.some(({ jobId, state }) => jobId === id && state === 'undeliverable')).toBe(true);
    expect((await jobs.history(sampleRequester(), { limit: 1 }))[0]?.id).toBe(id);
    expect(platform.calls).toBe(1);
  });

  it('gives up after twelve hours', async () => {
    let now = 1_000_000;
    const { platform, log, submit, start, reached } = await open({ jobs: { clock: () => now } });
    platform.failWith(new DeliveryError('platform_down', 'Down.', { retryable: true }), new Error('still down'));
    await start();
    await reached((await submit()).id, 'drawn');
    await expect.poll(() => platform.calls).toBe(1);
    now += 13 * 3_600_000;
    await expect.poll(() => log.some(({ state }) => state === 'undeliverable')).toBe(true);
  });

  it('tells a platform that hangs again after its time, and others meanwhile', async () => {
    const { jobs, platform, submit, reached } = await open({ jobs: { delivery: { pollMs: 20, timeoutMs: 50 } } });
    const slack = createRecordingPlatform('slack');
    const release = platform.hold();
    await jobs.start([platform, slack]);
    const hanging = await submit('web');
    await reached((await submit('slack')).id, 'delivered');
    release();
    await reached(hanging.id, 'delivered');
    expect(platform.messages.size).toBe(1);
  });

  it('asks the platform again when the process died between telling and writing that down', async () => {
    const memory = createMemoryJobStore();
    let isDead = true;
    const store = {
      ...memory,
      saveTold: async (...args: Parameters<typeof memory.saveTold>) => {
        if (isDead) throw new Error('killed');
        return memory.saveTold(...args);
      },
      postponeTelling: async () => undefined,
    };
    const before = await open({ store });
    await before.start();
    const { id } = await before.submit();
    await before.platform.told(1);
    await before.jobs.close();
    isDead = false;
    const after = await open({ store: memory, pictures: before.pictures });
    await after.jobs.start([before.platform]);
    await after.reached(id, 'delivered');
    expect(before.platform.calls).toBe(2);
    expect(before.platform.messages.size).toBe(1);
    expect(before.engine.requests).toHaveLength(1);
  });

  it('keeps an ending for a platform that is not there at present', async () => {
    const { jobs, store, platform, submit, reached } = await open();
    await jobs.start([platform]);
    const { id } = await submit('slack');
    await reached(id, 'drawn');
    await jobs.close();
    const after = await open({ store });
    const slack = createRecordingPlatform('slack');
    await after.jobs.start([slack]);
    await slack.told(1);
    expect([...slack.messages.keys()]).toEqual([id]);
  });

  it('stops within the deadline though a platform hangs, and tells it at the next start', async () => {
    const { jobs, store, platform, submit, start, reached } = await open();
    const release = platform.hold();
    await start();
    const { id } = await submit();
    await reached(id, 'drawn');
    await expect.poll(() => platform.calls).toBe(1);
    await jobs.drain(20);
    release();
    const after = await open({ store });
    await after.start();
    await after.reached(id, 'delivered');
  });
});
