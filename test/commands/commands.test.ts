import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attachment } from '../../commands/define-command.ts';
import { commands, parseCommandLine } from '../../commands/index.ts';
import { redrawLine } from '../../commands/redraw-line.ts';
import { resultButtons } from '../../commands/result-buttons.ts';
import { pictureOf } from '../../commands/result-options.ts';
import { readPngTexts } from '../../src/images/png.ts';
import { english } from '../../src/messages/en.ts';
import { jobOf, openDrawingRoom, somebody, textOf } from './drawing-room.ts';

let room: Awaited<ReturnType<typeof openDrawingRoom>>;
beforeAll(async () => {
  room = await openDrawingRoom();
});
afterAll(() => room.close());

const small = { size: '64x64' };

describe('imagine', () => {
  test("draws four pictures with the model's defaults and a fresh seed", async () => {
    const { request, drawing } = await room.draw('imagine', { prompt: 'a boat', ...small });
    expect(request).toMatchObject({
      action: 'imagine',
      count: 4,
      steps: 4,
      guidanceScale: 4,
      scheduler: 'ddim',
      model: 'instant',
      style: null,
      negativePrompt: '',
    });
    expect(request.seed).toBeGreaterThan(1_000);
    expect(drawing.pictures.map(({ seed }) => seed - request.seed)).toEqual([0, 1, 2, 3]);
  });

  test('takes every setting', async () => {
    const options = {
      prompt: 'a boat',
      negative: 'fog',
      count: 2,
      steps: 3,
      guidance: 7.5,
      seed: 4_294_967_295,
      scheduler: 'unipc',
      size: '768x512',
      style: 'pixel_art',
    };
    const { request, drawing } = await room.draw('imagine', options);
    expect(request).toMatchObject({ negativePrompt: 'fog', guidanceScale: 7.5, style: 'pixel_art' });
    expect(drawing.pictures.map(({ seed }) => seed)).toEqual([4_294_967_295, 0]);
    expect(room.engine.requests.at(-1)).toMatchObject({
      prompt: 'a boat, in pixel art style',
      size: { width: 768, height: 512 },
    });
  });

  test('makes one job of the same event twice', async () => {
    const key = randomUUID();
    const first = await room.ask('imagine', { prompt: 'a boat', ...small }, somebody('ada'), key);
    const second = await room.ask('imagine', { prompt: 'a boat', ...small }, somebody('ada'), key);
    expect(jobOf(second).id).toBe(jobOf(first).id);
  });

  test('starts from an attached picture', async () => {
    const bytes = await sharp({ create: { width: 90, height: 50, channels: 3, background: '#00f' } })
      .jpeg()
      .toBuffer();
    const image: Attachment = { name: 'sea.jpg', bytes: bytes.length, fetch: () => Promise.resolve(bytes) };
    const { request } = await room.draw('imagine', { prompt: 'a sea', image, strength: 0.5, ...small });
    expect(request.init).toMatchObject({ strength: 0.5 });
    expect(room.engine.requests.at(-1)?.init?.picture).toMatchObject({ width: 64, height: 64 });
  });

  test('answers a bad attachment only to the person, and makes no job', async () => {
    const bytes = Buffer.from('not a picture');
    const image: Attachment = { name: 'sea.png', bytes: bytes.length, fetch: () => Promise.resolve(bytes) };
    expect(await room.ask('imagine', { prompt: 'a sea', image })).toEqual({
      kind: 'text',
      text: 'Expected a PNG, JPEG, WebP or GIF picture, got a text file.',
      onlyForRequester: true,
    });
  });

  test.each([
    [{ prompt: 'a sea', strength: 0.5 }, 'Expected `image` beside `strength`'],
    [{ prompt: '' }, 'got an empty text'],
    [{ prompt: 'a', steps: 900 }, 'Expected `steps` to be 1-150, got 900.'],
  ])('answers %j with a sentence and makes no job', async (options, sentence) => {
    const drawn = room.engine.requests.length;
    const reply = await room.ask('imagine', options);
    expect(textOf(reply)).toContain(sentence);
    expect(reply).toMatchObject({ kind: 'text', onlyForRequester: true });
    expect(room.engine.requests.length).toBe(drawn);
  });
});

describe('under a result', () => {
  test('every button is a command that can be run as it is', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', ...small });
    const buttons = resultButtons(job);
    expect(buttons.map(({ label }) => label)).toEqual([
      ...[1, 2, 3, 4].map((picture) => `Vary ${picture}`),
      ...[1, 2, 3, 4].map((picture) => `Enlarge ${picture}`),
      'Again',
      'Edit',
      'Details',
      'Delete',
    ]);
    for (const { command, options, form = [] } of buttons) {
      const fields = Object.fromEntries(form.map(({ option, value }) => [option, value]));
      const reply = await room.ask(command, { ...options, ...fields });
      expect(reply.kind, command).not.toBe('text');
    }
    expect(resultButtons({ ...job, state: 'queued' }).map(({ command }) => command)).toEqual(['cancel']);
    const failed = { ...job, state: 'failed', failure: { code: 'x', message: 'x' }, endedAt: 0 } as const;
    expect(resultButtons(failed).map(({ command }) => command)).toEqual(['again', 'edit']);
  });

  test('vary starts from that picture with a new seed', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', seed: 7, ...small });
    const { request } = await room.draw('vary', { job: job.id, picture: 3 });
    expect(request).toMatchObject({
      action: 'vary',
      init: { picture: job.drawing.pictures[2]?.key, strength: 0.6 },
      derivedFrom: { job: job.id, index: 2 },
      count: 4,
    });
    expect(request.seed).not.toBe(7);
  });

  test('again keeps everything but the seed', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', seed: 7, steps: 2, ...small });
    const { request } = await room.draw('again', { job: job.id });
    expect(request).toEqual({
      ...job.request,
      action: 'again',
      seed: request.seed,
      derivedFrom: { job: job.id, index: null },
    });
    expect(request.seed).not.toBe(7);
  });

  test('edit changes what is told and keeps the seed', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', seed: 7, negative: 'fog', ...small });
    const { request } = await room.draw('edit', {
      job: job.id,
      prompt: 'a blue boat',
      negative: '',
      steps: '2',
      seed: '',
    });
    expect(request).toMatchObject({ action: 'edit', prompt: 'a blue boat', negativePrompt: '', steps: 2, seed: 7 });
  });

  test('enlarge draws one picture at twice the size, and works once', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', seed: 7, ...small });
    const large = await room.draw('enlarge', { job: job.id, picture: 2 });
    expect(large.request).toMatchObject({ action: 'enlarge', count: 1, seed: 8, size: { width: 128, height: 128 } });
    expect(large.drawing.pictures).toMatchObject([{ seed: 8, size: { width: 128, height: 128 } }]);
    expect(resultButtons(large).map(({ command }) => command)).toEqual(['vary', 'again', 'edit', 'details', 'delete']);
    expect(textOf(await room.ask('enlarge', { job: large.id, picture: 1 }))).toContain('already enlarged');
    const { request } = await room.draw('again', { job: large.id });
    expect(request).toMatchObject({ action: 'again', count: 4, init: null, size: { width: 64, height: 64 } });
    const varied = await room.draw('vary', { job: large.id, picture: 1 });
    expect(varied.request).toMatchObject({ action: 'vary', size: { width: 64, height: 64 } });
  });

  test("details holds a line that draws the same pictures again, whatever one's own defaults", async () => {
    const ada = somebody('ada-again');
    const job = await room.draw('imagine', { prompt: 'a "boat": seed:9', seed: 7, guidance: 3.5, ...small }, ada);
    const text = textOf(await room.ask('details', { job: job.id }, ada));
    const line = redrawLine(job.request, room.services);
    expect(text).toContain(`Draw it exactly again:\n\`${line}\``);
    expect(text).toContain('Seeds: `7, 8, 9, 10`');
    await room.ask('settings', { steps: 9, negative: 'rain', style: 'neon', count: 1 }, ada);
    const { command, options } = parseCommandLine(line);
    const same = await room.draw(command, options, ada);
    expect(same.request).toEqual(job.request);
    const [before, after] = await Promise.all(
      [job, same].map((result) => room.jobs.readPicture(pictureOf(result, 4, english).key)),
    );
    expect(after).toEqual(before);
    expect(readPngTexts(after ?? new Uint8Array()).parameters).toContain('Seed: 10');
  });

  test('delete removes the pictures, for their owner only', async () => {
    const ada = somebody('ada', { platform: 'slack', workspace: 'T1' });
    const ben = somebody('ben', { platform: 'slack', workspace: 'T1' });
    const job = await room.draw('imagine', { prompt: 'a boat', ...small }, ada);
    expect(textOf(await room.ask('delete', { job: job.id }, ben))).toContain('Only the person who asked');
    expect(await room.ask('delete', { job: job.id }, ada)).toMatchObject({ kind: 'deleted' });
    expect(await room.jobs.readPicture(pictureOf(job, 1, english).key)).toBeNull();
    expect(textOf(await room.ask('again', { job: job.id }, ada))).toContain('unknown or was deleted');
  });

  test('a result is there for its workspace and for nobody else', async () => {
    const ada = somebody('ada', { platform: 'slack', workspace: 'T1' });
    const job = await room.draw('imagine', { prompt: 'a boat', ...small }, ada);
    const here = await room.ask('details', { job: job.id }, somebody('ben', { platform: 'slack', workspace: 'T1' }));
    expect(here.kind).toBe('details');
    for (const stranger of [somebody('ben', { platform: 'slack', workspace: 'T2' }), somebody('ada')]) {
      expect(textOf(await room.ask('details', { job: job.id }, stranger))).toContain('unknown or was deleted');
    }
  });

  test('nothing is drawn from a picture that is gone', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', ...small });
    const varied = await room.draw('vary', { job: job.id, picture: 1 });
    await room.ask('delete', { job: job.id });
    expect(textOf(await room.ask('again', { job: varied.id }))).toBe('The picture to start from is no longer kept.');
    expect(textOf(await room.ask('vary', { job: varied.id, picture: 9 }))).toBe('Expected `picture` to be 1-4, got 9.');
  });
});

describe('queue and cancel', () => {
  test("show one's own place and cancel exactly one's own newest", async () => {
    const ada = somebody('ada-waits');
    const ben = somebody('ben-waits');
    const release = room.engine.hold();
    const running = await room.ask('imagine', { prompt: 'a boat', ...small }, ada);
    await room.until(running, 'drawing');
    const waiting = await room.ask('imagine', { prompt: 'a castle', ...small }, ada);
    const text = textOf(await room.ask('queue', {}, ada));
    expect(text).toContain('1 job being drawn, 1 waiting.');
    expect(text).toContain('`a boat`: being drawn');
    expect(text).toContain('`a castle`: number 1 of 1');
    expect(textOf(await room.ask('queue', {}, ben))).toContain('None of them is yours.');
    expect(textOf(await room.ask('cancel', {}, ben))).toBe('You have nothing waiting or being drawn.');
    expect(textOf(await room.ask('cancel', {}, ada))).toBe('Cancelled `a castle`.');
    await room.until(waiting, 'cancelled');
    expect(textOf(await room.ask('cancel', { job: jobOf(waiting).id }, ada))).toBe('That one is already cancelled.');
    expect(textOf(await room.ask('cancel', { job: jobOf(running).id }, ada))).toBe('Cancelled `a boat`.');
    release();
    await room.until(running, 'cancelled');
    expect(textOf(await room.ask('queue', {}, ada))).toContain('Nobody is waiting');
  });

  test('cannot cancel what belongs to somebody else', async () => {
    const ada = somebody('ada', { platform: 'slack', workspace: 'T1' });
    const release = room.engine.hold();
    const reply = await room.ask('imagine', { prompt: 'a boat', ...small }, ada);
    const ben = somebody('ben', { platform: 'slack', workspace: 'T1' });
    expect(textOf(await room.ask('cancel', { job: jobOf(reply).id }, ben))).toContain('only cancel your own');
    release();
    await room.until(reply, 'delivered');
  });
});

describe('settings', () => {
  test('are shown, changed, used and taken back', async () => {
    const ada = somebody('ada-settings');
    expect(textOf(await room.ask('settings', {}, ada))).toContain('Steps: `4` (the default)');
    expect(textOf(await room.ask('settings', { steps: 3, style: 'neon', size: '64x64' }, ada))).toContain(
      'Steps: `3`\n',
    );
    const { request } = await room.draw('imagine', { prompt: 'a boat' }, ada);
    expect(request).toMatchObject({ steps: 3, style: 'neon', size: { width: 64, height: 64 } });
    const plain = await room.draw('imagine', { prompt: 'a boat', style: 'none', steps: 2 }, ada);
    expect(plain.request).toMatchObject({ steps: 2, style: null });
    expect(textOf(await room.ask('settings', { reset: 'steps' }, ada))).toContain('Steps: `4` (the default)');
    expect(await room.jobs.settings(ada)).toEqual({ style: 'neon', size: { width: 64, height: 64 } });
    await room.ask('settings', { reset: 'all' }, ada);
    expect(await room.jobs.settings(ada)).toEqual({});
  });

  test('that are no longer on offer are passed over with a word', async () => {
    const ada = somebody('ada-old');
    await room.jobs.saveSettings(ada, { model: 'gone', size: { width: 8, height: 8 } });
    const reply = await room.ask('imagine', { prompt: 'a boat', count: 1 }, ada);
    expect(reply).toMatchObject({
      kind: 'job',
      notes: [expect.stringContaining('`gone`'), expect.stringContaining('`8x8`')],
    });
  });
});

describe('history and forget-me', () => {
  test("show one's own pictures by the page, then remove everything", async () => {
    const ada = somebody('ada-history');
    expect(textOf(await room.ask('history', {}, ada))).toContain('You have no pictures yet.');
    const drawn = [];
    for (let index = 0; index < 12; index += 1) {
      drawn.push(await room.draw('imagine', { prompt: `boat ${index}`, count: 1, ...small }, ada));
    }
    const first = await room.ask('history', {}, ada);
    const second = await room.ask('history', { page: 2 }, ada);
    if (first.kind !== 'gallery' || second.kind !== 'gallery') throw new Error('expected galleries');
    expect([...first.jobs, ...second.jobs].map(({ id }) => id)).toEqual(drawn.map(({ id }) => id).reverse());
    expect(first.text).toContain('/history page:2');
    expect(second.text).not.toContain('More');
    expect(textOf(await room.ask('history', { page: 3 }, ada))).toContain('There is no page 3');
    expect(textOf(await room.ask('forget-me', {}, ada))).toContain('/forget-me confirm:true');
    expect(textOf(await room.ask('forget-me', { confirm: 'yes' }, ada))).toBe(
      'Forgotten: 12 jobs, 12 pictures and your settings.',
    );
    expect(textOf(await room.ask('history', {}, ada))).toContain('You have no pictures yet.');
  });
});

describe('help, models and styles', () => {
  test('help names every command, and explains each of them', async () => {
    const overview = textOf(await room.ask('help'));
    for (const { name, text: say } of commands) {
      const { description } = say(english);
      expect(overview).toContain(description);
      if (name === 'help') continue;
      const text = textOf(await room.ask('help', { command: name }));
      expect(text).toContain(description);
    }
    const imagine = textOf(await room.ask('help', { command: 'imagine' }));
    expect(imagine).toContain('`/imagine prompt [negative] [count]');
    expect(imagine).toContain('- `steps`: How many drawing steps: more is finer and slower (1-150)');
    expect(imagine).toContain('`512x512`');
  });

  test('speak Korean to a Korean', async () => {
    const jiwoo = somebody('jiwoo', { locale: 'ko' });
    const overview = textOf(await room.ask('help', {}, jiwoo));
    expect(overview).toContain('- `/그리기`: 설명한 그림을 그려요');
    const one = textOf(await room.ask('help', { command: '그리기' }, jiwoo));
    expect(one).toContain('`/그리기 프롬프트 [제외] [장수] [단계]');
    const saved = textOf(await room.ask('settings', { style: '수채화', reset: '단계' }, jiwoo));
    expect(saved).toContain('- 스타일: `수채화`\n');
    expect(textOf(await room.ask('forget-me', { confirm: '예' }, jiwoo))).toContain('모두 삭제했어요');
    const image: Attachment = { name: 'x.png', bytes: 3, fetch: () => Promise.resolve(Buffer.from('not')) };
    expect(textOf(await room.ask('imagine', { prompt: 'a sea', image }, jiwoo))).toContain('그림만 쓸 수 있어요');
  });

  test('an unknown command is answered with the nearest', async () => {
    expect(textOf(await room.ask('imagin'))).toBe('There is no command `imagin`; did you mean `imagine`?');
  });

  test('models and styles tell their ids', async () => {
    expect(textOf(await room.ask('models'))).toContain('**Instant** (`instant`, the default)');
    expect(textOf(await room.ask('styles'))).toContain('**Pixel art** (`pixel_art`)');
  });
});

test('limits are told in plain words', async () => {
  const full = await openDrawingRoom({}, { maxJobsPerUser: 1 });
  try {
    const release = full.engine.hold();
    await full.ask('imagine', { prompt: 'a boat', ...small });
    expect(await full.ask('imagine', { prompt: 'a boat', ...small })).toMatchObject({
      kind: 'text',
      text: expect.stringContaining('as many drawings in the queue as one person may'),
      onlyForRequester: true,
    });
    release();
  } finally {
    await full.close();
  }
});
