import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { parsePictureKey, pictureKey, uploadKey } from '../../src/jobs/picture-store.ts';
import { createJobWorld, type JobWorld, type JobWorldOptions } from './job-world.ts';
import { rawCodec } from './raw-codec.ts';
import { sampleReplyTo, sampleRequest, sampleRequester } from './sample-jobs.ts';

const ada = sampleRequester('ada');
const grace = sampleRequester('grace');
const operator = sampleRequester('operator', { isAdmin: true });
let worlds: JobWorld[] = [];
let keys = 0;

async function open(options: JobWorldOptions = {}) {
  const world = await createJobWorld(options);
  worlds.push(world);
  const submit = async (requester = ada, request = {}) =>
    (await world.jobs.submit({ ...sampleRequest, ...request }, requester, sampleReplyTo, `key-${++keys}`)).job;
  return { ...world, submit };
}

afterEach(async () => {
  for (const world of worlds) await world.close();
  worlds = [];
});

describe('from a prompt to pictures', () => {
  it('draws, keeps and tells four pictures', async () => {
    const { jobs, platform, submit, start, reached, statesOf } = await open();
    await start();
    const { id } = await submit();
    const job = await reached(id, 'delivered');
    expect(statesOf(id)).toEqual(['queued', 'drawing', 'drawn', 'delivered']);
    expect(job).toMatchObject({
      message: `message of ${id}`,
      drawing: {
        resized: false,
        pictures: [7, 8, 9, 10].map((seed, index) => ({
          key: pictureKey(id, index),
          seed,
          size: { width: 64, height: 64 },
          altText: `a red lighthouse at dusk (picture ${index + 1} of 4)`,
        })),
      },
    });
    const png = await jobs.readPicture(pictureKey(id, 3));
    expect(png === null ? null : (await rawCodec.decode(png)).width).toBe(64);
    expect([...platform.messages.keys()]).toEqual([id]);
  });

  it('shows progress that ends with all steps, and previews', async () => {
    const { platform, submit, start, reached } = await open();
    await start();
    await reached((await submit()).id, 'delivered');
    const drawing = platform.progress.flatMap(({ progress }) => (progress.phase === 'drawing' ? [progress] : []));
    expect(drawing.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
    expect(drawing.every(({ steps }) => steps === 4)).toBe(true);
    expect(drawing.at(-1)?.previews).toHaveLength(4);
  });

  it('wraps the seeds of the four pictures around', async () => {
    const { engine, submit, start, reached } = await open();
    await start();
    await reached((await submit(ada, { seed: 0xffff_fffe })).id, 'delivered');
    expect(engine.requests[0]?.seeds).toEqual([0xffff_fffe, 0xffff_ffff, 0, 1]);
  });

  it('adds the style’s words when it draws, and keeps the prompt as it was', async () => {
    const { engine, submit, start, reached } = await open();
    await start();
    const job = await reached((await submit(ada, { style: 'woodcut' })).id, 'delivered');
    expect(engine.requests[0]?.prompt).toBe('a red lighthouse at dusk, in woodcut style');
    expect(job.request.prompt).toBe('a red lighthouse at dusk');
  });

  it('writes one line a job, without the prompt unless it is asked for', async () => {
    for (const logPrompts of [false, true]) {
      const { log, submit, start, reached } = await open({ jobs: { logPrompts } });
      await start();
      const { id } = await submit();
      await reached(id, 'delivered');
      const lines = log.filter(({ msg }) => msg === 'job ended');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ jobId: id, action: 'imagine', state: 'delivered', count: 4 });
      expect(JSON.stringify(log).includes('lighthouse')).toBe(logPrompts);
    }
  });

  it('starts from a picture that somebody sent', async () => {
    const { jobs, engine, submit, start, reached } = await open();
    const sent = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(200) };
    const picture = await jobs.keepUpload(await rawCodec.encode(sent, {}), ada);
    await start();
    await reached((await submit(ada, { init: { picture, strength: 0.5, mask: null } })).id, 'delivered');
    expect(engine.requests[0]?.init).toMatchObject({ strength: 0.5, picture: { width: 64, height: 64 } });
    expect(engine.requests[0]?.init?.picture.data.every((value) => value === 200)).toBe(true);
  });

  it('fails when the picture to start from is gone', async () => {
    const { submit, start, reached } = await open();
    await start();
    const { id } = await submit(ada, { init: { picture: uploadKey(randomUUID()), strength: 0.5, mask: null } });
    expect(await reached(id, 'failed')).toMatchObject({ failure: { code: 'picture_gone' } });
  });

  it('enlarges with the model, and by a plain resize where the model cannot', async () => {
    for (const enlarge of [{ factor: 2, strength: 0.3 }, null]) {
      const { engine, submit, start, reached } = await open({ engine: { model: { enlarge } } });
      await start();
      const { id } = await submit();
      await reached(id, 'delivered');
      const size = { width: 128, height: 128 };
      const init = { picture: pictureKey(id, 2), strength: 0.3, mask: null };
      const large = await reached(
        (await submit(ada, { action: 'enlarge', count: 1, seed: 9, size, init })).id,
        'delivered',
      );
      expect(large).toMatchObject({ drawing: { resized: enlarge === null, pictures: [{ size, seed: 9 }] } });
      expect(engine.requests).toHaveLength(enlarge === null ? 1 : 2);
    }
  });
});

describe('the line', () => {
  it('tells everybody their place, and how long it takes once that was measured', async () => {
    const { jobs, engine, submit, start, reached, event } = await open({ engine: { stepMs: 2 } });
    await start();
    await reached((await submit()).id, 'delivered');
    const release = engine.hold();
    const first = await submit(ada);
    await reached(first.id, 'drawing');
    const second = await submit(ada);
    const third = await submit(grace);
    expect(await jobs.standing(first.id)).toMatchObject({ place: 0, waiting: 2, secondsLeft: expect.any(Number) });
    expect(await jobs.standing(second.id)).toMatchObject({ place: 1, waiting: 2, secondsLeft: expect.any(Number) });
    expect(await jobs.standing(third.id)).toMatchObject({ place: 2 });
    const overview = await jobs.overview(ada);
    expect(overview).toMatchObject({ waiting: 2, drawing: 1, delivered: 4, pausedBecause: null });
    expect(overview.own.map(({ job }) => job.id)).toEqual([first.id, second.id]);
    await event(
      ({ type, job, ...rest }) =>
        type === 'progress' && job.id === third.id && JSON.stringify(rest).includes('"place":2'),
    );
    release();
    await reached(third.id, 'delivered');
    expect(await jobs.standing(third.id)).toBeNull();
  });

  it('does not guess the time before anything was measured', async () => {
    const { jobs, submit } = await open();
    expect(await jobs.standing((await submit()).id)).toEqual({
      place: 1,
      waiting: 1,
      secondsLeft: null,
      pausedBecause: null,
    });
  });

  it('refuses what is over a cap in a sentence, and keeps nothing of it', async () => {
    const { jobs, submit } = await open({
      jobs: { limits: { maxQueue: 1, maxJobsPerUser: 9, dailyImagesPerUser: 99 } },
    });
    await submit();
    await expect(submit(grace)).rejects.toBeInstanceOf(LimitError);
    expect(await jobs.recent(grace, { limit: 9 })).toEqual([]);
  });

  it('takes one event once', async () => {
    const { jobs, statesOf } = await open();
    const answers = await Promise.all(
      Array.from({ length: 11 }, () => jobs.submit(sampleRequest, ada, sampleReplyTo, 'the same event')),
    );
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.flatMap(({ job, created }) => (created ? statesOf(job.id) : []))).toEqual(['queued']);
  });
});

describe('changing one’s mind', () => {
  it('cancels a waiting job, tells it, and never draws it', async () => {
    const { jobs, engine, platform, submit, start } = await open();
    const { id } = await submit();
    expect(await jobs.cancel(id, ada)).toBe('queued');
    await start();
    await platform.told(1);
    expect(platform.messages.get(id)?.state).toBe('cancelled');
    expect(engine.requests).toHaveLength(0);
  });

  it('cancels a running job between two steps, and leaves no pictures', async () => {
    const { jobs, engine, pictures, platform, submit, start } = await open();
    const release = engine.hold();
    await start();
    const { id } = await submit();
    await expect.poll(() => engine.running.now).toBe(1);
    expect(await jobs.cancel(id, ada)).toBe('drawing');
    await platform.told(1);
    release();
    expect(platform.messages.get(id)?.state).toBe('cancelled');
    expect(await jobs.cancel(id, ada)).toBe('cancelled');
    expect(await pictures.read(pictureKey(id, 0))).toBeNull();
    expect(engine.running.now).toBe(0);
  });

  it('lets nobody but the owner and an operator cancel or delete', async () => {
    const { jobs, submit } = await open();
    const { id } = await submit();
    expect(await jobs.cancel(id, grace)).toBe('not_yours');
    expect(await jobs.delete(id, grace)).toBe('not_yours');
    expect(await jobs.cancel(id, operator)).toBe('queued');
    expect(await jobs.delete(id, ada)).toBe('deleted');
    expect(await jobs.delete(id, ada)).toBe('not_found');
    expect(await jobs.cancel(id, ada)).toBe('not_found');
  });

  it('deletes a result with its pictures', async () => {
    const { jobs, submit, start, reached } = await open();
    await start();
    const { id } = await submit();
    await reached(id, 'delivered');
    expect(await jobs.delete(id, ada)).toBe('deleted');
    expect(await jobs.get(id)).toBeNull();
    expect(await jobs.readPicture(pictureKey(id, 0))).toBeNull();
    expect(await jobs.history(ada, { limit: 5 })).toEqual([]);
  });

  it('deletes a running job without a word about it', async () => {
    const { jobs, engine, platform, submit, start, reached, statesOf } = await open();
    const release = engine.hold();
    await start();
    const { id } = await submit();
    await reached(id, 'drawing');
    expect(await jobs.delete(id, ada)).toBe('deleted');
    expect(statesOf(id)).toEqual(['queued', 'drawing', 'cancelled']);
    await expect.poll(() => engine.running.now).toBe(0);
    release();
    const other = await submit();
    await reached(other.id, 'delivered');
    expect([...platform.messages.keys()]).toEqual([other.id]);
  });

  it('forgets a person: results, pictures, uploads, settings, waiting and running jobs', async () => {
    const { jobs, engine, platform, submit, start, reached } = await open();
    await start();
    const drawn = await submit();
    await reached(drawn.id, 'delivered');
    const upload = await jobs.keepUpload(new Uint8Array([1]), ada);
    await jobs.saveSettings(ada, { count: 2 });
    const release = engine.hold();
    const running = await submit();
    await reached(running.id, 'drawing');
    await submit();
    expect(await jobs.forget(ada)).toEqual({ jobs: 3, pictures: 5 });
    release();
    expect(await jobs.recent(ada, { limit: 9 })).toEqual([]);
    expect(await jobs.settings(ada)).toEqual({});
    expect(await jobs.readPicture(upload)).toBeNull();
    await jobs.close();
    expect(await jobs.readPicture(pictureKey(running.id, 0))).toBeNull();
    expect([...platform.messages.keys()]).toEqual([drawn.id]);
  });

  it('keeps settings and reply messages', async () => {
    const { jobs, submit } = await open();
    await jobs.saveSettings(ada, { steps: 9, style: null });
    expect(await jobs.settings(ada)).toEqual({ steps: 9, style: null });
    const { id } = await submit();
    await jobs.setReplyMessage(id, 'message-9');
    expect((await jobs.get(id))?.replyTo.message).toBe('message-9');
  });

  it('reads no picture whose key is none', async () => {
    const { jobs } = await open();
    expect(parsePictureKey('../../etc/passwd')).toBeNull();
    expect(await jobs.readPicture('../../etc/passwd' as never)).toBeNull();
  });
});

describe('listening', () => {
  it('goes on when a listener throws, and stops when told', async () => {
    const { jobs, log, submit, statesOf } = await open();
    let heard = 0;
    jobs.subscribe(() => {
      throw new Error('a bad listener');
    });
    const stop = jobs.subscribe(() => {
      heard += 1;
    });
    const { id } = await submit();
    stop();
    await submit();
    expect(heard).toBe(1);
    expect(statesOf(id)).toEqual(['queued']);
    expect(log.some(({ msg }) => msg === 'a listener of job events threw')).toBe(true);
  });
});
