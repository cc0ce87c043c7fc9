import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attachment } from '../../commands/define-command.ts';
import { leftOutNotes, plainRequest } from '../../commands/draw-request.ts';
import { readPngTexts } from '../../src/images/png.ts';
import { english } from '../../src/messages/en.ts';
import type { InstantEngineOptions } from '../engines/instant-engine.ts';
import { jobOf, openDrawingRoom, somebody, textOf } from './drawing-room.ts';

type Room = Awaited<ReturnType<typeof openDrawingRoom>>;
const small = { prompt: 'a boat', size: '64x64', count: 1 };

/** A picture of one colour, with its left half of another where there are two. */
async function picture(width: number, height: number, colour: string, left?: string): Promise<Attachment> {
  const half = sharp({ create: { width: width / 2, height, channels: 3, background: left ?? colour } });
  const bytes = await sharp({ create: { width, height, channels: 3, background: colour } })
    .composite([{ input: await half.png().toBuffer(), left: 0, top: 0 }])
    .png()
    .toBuffer();
  return { name: 'picture.png', bytes: bytes.length, fetch: async () => bytes };
}

let room: Room;
const open = async (options?: InstantEngineOptions) => {
  room = await openDrawingRoom(options);
  return room;
};
beforeEach(() => open());
afterEach(() => room.close());

const refused = async (options: Parameters<Room['ask']>[1], requester = somebody('ada')) =>
  textOf(await room.ask('imagine', { ...small, ...options }, requester));

describe('a mask', () => {
  it('goes to the engine grey and at the size of the drawing, whatever size it had', async () => {
    const image = await picture(256, 256, '#205080');
    const mask = await picture(100, 80, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, image, mask });
    expect(job.request.init).toMatchObject({ strength: 0.9, mask: expect.stringMatching(/^uploads\//) });
    const { init } = room.engine.requests[0] ?? {};
    expect(init?.mask).toMatchObject({ width: 64, height: 64 });
    const row = init?.mask?.data.subarray(0, 64) ?? [];
    expect([row[5], row[20], row[44], row[60]]).toEqual([255, 255, 0, 0]);
  });

  it('is cut as its picture is cut', async () => {
    const image = await picture(128, 64, '#205080');
    const mask = await picture(32, 16, '#000000', '#ffffff');
    await room.draw('imagine', { ...small, image, mask });
    const row = room.engine.requests[0]?.init?.mask?.data.subarray(0, 64) ?? [];
    // Of 128 columns the middle 64 are left, and their border is in the middle still.
    expect([row[2], row[28], row[36], row[62]]).toEqual([255, 255, 0, 0]);
  });

  it('of one colour is answered with a sentence, and nothing is drawn', async () => {
    const image = await picture(64, 64, '#205080');
    expect(await refused({ image, mask: await picture(64, 64, '#000000') })).toBe(
      'This mask is all black, so nothing would be drawn. Paint white what should be drawn anew.',
    );
    expect(await refused({ image, mask: await picture(64, 64, '#ffffff') })).toMatch(/^This mask is all white/);
    expect(room.engine.requests).toEqual([]);
  });

  it('needs a picture, and a model that can', async () => {
    const mask = await picture(64, 64, '#000000', '#ffffff');
    expect(await refused({ mask })).toBe(
      'Expected `image` beside `mask`: the mask says which part of that picture to draw anew.',
    );
    await room.close();
    await open({ model: { canPaintWithin: false } });
    expect(await refused({ image: mask, mask })).toMatch(/^`instant` cannot draw a part of a picture anew/);
    expect(await refused({ image: mask, mask }, somebody('kim', { locale: 'ko' }))).toMatch(
      /일부만 새로 그릴 수 없어요/,
    );
    await room.close();
    await open({ model: { canStartFromPicture: false, canPaintWithin: false } });
    const job = await room.draw('imagine', small);
    expect(textOf(await room.ask('edit', { job: job.id, picture: 1 }))).toMatch(
      /^`instant` cannot start from a picture/,
    );
  });

  it('stays with the result: again draws within it, and vary does not', async () => {
    const image = await picture(64, 64, '#205080');
    const mask = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, image, mask });
    await room.draw('again', { job: job.id });
    await room.draw('vary', { job: job.id, picture: 1 });
    expect(room.engine.requests.map(({ init }) => init?.mask !== undefined)).toEqual([true, true, false]);
  });

  it('over a picture of a result changes that picture, with a new seed', async () => {
    const job = await room.draw('imagine', { ...small, count: 4, seed: 5 });
    const mask = await picture(64, 64, '#000000', '#ffffff');
    expect(textOf(await room.ask('edit', { job: job.id, mask }))).toBe(
      'Expected `picture` beside `mask`: which of the 4 pictures is painted over, `picture:1` to `picture:4`.',
    );
    const painted = await room.draw('edit', { job: job.id, picture: 3, mask, prompt: 'a whale', count: 1 });
    expect(painted.request).toMatchObject({
      action: 'edit',
      init: { picture: job.drawing.pictures[2]?.key, strength: 0.9 },
      derivedFrom: { job: job.id, index: 2 },
    });
    expect(painted.request.seed).not.toBe(5);
    const again = await room.draw('edit', { job: painted.id, mask, strength: 0.5 });
    // It lies over the picture that was started from, as before.
    expect(again.request.init).toMatchObject({ picture: job.drawing.pictures[2]?.key, strength: 0.5 });
  });

  it('gets a new seed although a form holds the old one, and lies over an enlarged picture too', async () => {
    const mask = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, seed: 5 });
    const painted = await room.draw('edit', { job: job.id, mask, seed: 5 });
    expect(painted.request.seed).not.toBe(5);
    expect((await room.draw('edit', { job: job.id, mask, seed: 6 })).request.seed).toBe(6);
    const large = await room.draw('enlarge', { job: job.id, picture: 1 });
    const over = await room.draw('edit', { job: large.id, mask });
    expect(over.request).toMatchObject({
      size: { width: 64, height: 64 },
      init: { picture: large.drawing.pictures[0]?.key, strength: 0.9 },
    });
  });

  it('that is no longer kept is said so', async () => {
    const image = await picture(64, 64, '#205080');
    const mask = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, image, mask });
    await room.jobs.forget(somebody('ada'));
    const other = await room.ask('imagine', small);
    const { request } = jobOf(other);
    const copy = await room.jobs.submit(
      { ...request, init: job.request.init },
      somebody('ada'),
      jobOf(other).replyTo,
      'copy',
    );
    expect(textOf(await room.ask('again', { job: copy.job.id }))).toMatch(/no longer kept/);
  });
});

describe('a control picture', () => {
  it('is followed as the model’s first kind unless something else is said', async () => {
    const control = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, control });
    expect(job.request.control).toMatchObject({ kind: 'canny', scale: 1 });
    await room.draw('imagine', { ...small, control, control_kind: 'depth', control_strength: 0.5 });
    expect(room.engine.requests.map(({ control: sent }) => [sent?.kind, sent?.scale, sent?.picture.width])).toEqual([
      ['canny', 1, 64],
      ['depth', 0.5, 64],
    ]);
  });

  it('stays with the result, also varied and enlarged, and can be followed otherwise', async () => {
    const control = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, control });
    await room.draw('vary', { job: job.id, picture: 1 });
    await room.draw('enlarge', { job: job.id, picture: 1 });
    const other = await room.draw('edit', { job: job.id, control_kind: 'scribble', control_strength: 2 });
    expect(other.request.control).toEqual({ ...job.request.control, kind: 'scribble', scale: 2 });
    expect(room.engine.requests.map(({ control: sent }) => sent?.picture.width)).toEqual([64, 64, 128, 64]);
  });

  it('is refused by a model that follows none, or not that kind', async () => {
    const control = await picture(64, 64, '#000000', '#ffffff');
    expect(await refused({ control_strength: 0.5 })).toMatch(/^Expected a `control` picture beside/);
    await room.close();
    await open({ model: { controls: ['depth'] } });
    expect(await refused({ control, control_kind: 'canny' })).toBe(
      'Expected `control_kind` to be one of `depth`, got `canny`.',
    );
    await room.close();
    await open({ model: { controls: [] } });
    expect(await refused({ control })).toMatch(/^`instant` cannot follow a control picture/);
    expect(await refused({ control, control_kind: 'canny' })).toBe(
      'No model here can be asked for `control_kind`. Leave it out.',
    );
  });
});

describe('LoRA and speed', () => {
  it('go to the engine only where something was said', async () => {
    await room.draw('imagine', small);
    await room.draw('imagine', { ...small, lora_strength: 1.5, speed: 'fast' });
    expect(room.engine.requests.map(({ loraScale, speed }) => [loraScale, speed])).toEqual([
      [undefined, 'exact'],
      [1.5, 'fast'],
    ]);
  });

  it('are refused by a model without them, with what it has', async () => {
    await room.close();
    await open({ model: { loraScale: null, speeds: ['exact', 'cutoff'] } });
    expect(await refused({ lora_strength: 1 })).toMatch(/^`instant` has no LoRA/);
    expect(await refused({ speed: 'fast' })).toMatch(/one of `exact`, `cutoff`, got `fast`/);
    expect(await refused({ lora_strength: 3 })).toBe('Expected `lora_strength` to be 0-2, got 3.');
  });

  it('have a default of one’s own for speed, which is passed over where the model has not got it', async () => {
    expect(textOf(await room.ask('settings', { speed: 'cached' }))).toContain(
      '- Speed: `Cached: reuses deep features`',
    );
    const job = await room.draw('imagine', small);
    expect(job.request.speed).toBe('cached');
    await room.jobs.saveSettings(somebody('ada'), { speed: 'fp8' });
    const reply = await room.ask('imagine', small);
    expect(reply).toMatchObject({ notes: [expect.stringMatching(/Your default `speed` `fp8` is not on offer/)] });
    expect(jobOf(reply).request.speed).toBe('exact');
    expect(textOf(await room.ask('settings', { speed: 'fp8' }))).toMatch(/one of `exact`, `cached`, `cutoff`, `fast`/);
  });

  it('stand in details, in the line that draws again, and inside the PNG', async () => {
    const control = await picture(64, 64, '#000000', '#ffffff');
    const image = await picture(64, 64, '#205080');
    const mask = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, image, mask, control, lora_strength: 1.5, speed: 'fast' });
    const text = textOf(await room.ask('details', { job: job.id }));
    expect(text).toContain('- Mask: `only a part is drawn anew`');
    expect(text).toContain('- Control picture: `Outlines (canny), 1`');
    expect(text).toContain('- LoRA strength: `1.5`');
    expect(text).toContain('- Speed: `Fast: everything that saves time`');
    expect(text).toContain('without the pictures that went along with it:');
    expect(text).toMatch(/lora_strength:1\.5 speed:fast`$/);
    const [drawn] = job.drawing.pictures;
    const { parameters, quartet } = readPngTexts((await room.jobs.readPicture(drawn?.key as never)) as Uint8Array);
    expect(parameters).toMatch(/Mask: painted, ControlNet: canny \(1\), LoRA strength: 1\.5, Speed: fast$/);
    expect(JSON.parse(quartet as string)).toMatchObject({
      mask: true,
      control: { kind: 'canny', scale: 1 },
      loraScale: 1.5,
      speed: 'fast',
    });
  });
});

describe('a result whose model can no longer do all of it', () => {
  it('is drawn again with the rest, which is said', async () => {
    const image = await picture(64, 64, '#205080');
    const mask = await picture(64, 64, '#000000', '#ffffff');
    const job = await room.draw('imagine', { ...small, image, mask, control: mask, lora_strength: 1, speed: 'fast' });
    const [able] = room.services.engine.models;
    if (able === undefined) throw new Error('Expected a model.');
    const plain = { ...able, canPaintWithin: false, controls: [], loraScale: null, speeds: ['exact'] as const };
    const after = plainRequest(job.request, plain);
    // Without its mask the picture would be changed all over.
    expect(after).toMatchObject({ init: null, control: null, loraScale: null, speed: 'exact' });
    expect(leftOutNotes(job.request, after, english)).toEqual([
      '`instant` cannot do everything that this result was drawn with. Left out: `image`, `mask`, `control`, `lora_strength`, `speed`.',
    ]);
    expect(leftOutNotes(job.request, plainRequest(job.request, able), english)).toEqual([]);
  });
});

describe('what people are told', () => {
  it('of models is what each can do', async () => {
    const text = textOf(await room.ask('models'));
    expect(text).toContain('Starts from pictures: `image`, `mask`.');
    expect(text).toContain('Follows `control` pictures: Outlines (canny), Depth, Scribble.');
    expect(text).toContain('Has a LoRA; `lora_strength` is 0.8 by itself.');
    expect(text).toContain('Takes `speed`: `exact`, `cached`, `cutoff`, `fast`.');
  });

  it('in help is only what some model can do', async () => {
    expect(textOf(await room.ask('help', { command: 'imagine' }))).toContain('`control_kind`');
    await room.close();
    await open({ model: { controls: [], loraScale: null, speeds: ['exact'], canPaintWithin: false } });
    const text = textOf(await room.ask('help', { command: 'imagine' }));
    for (const name of ['mask', 'control', 'control_kind', 'lora_strength', 'speed']) {
      expect(text).not.toContain(`\`${name}\``);
    }
  });
});

describe('pictures that the model takes for unsafe', () => {
  it('are withheld: no button goes on from them, and nothing can be drawn from them', async () => {
    await room.close();
    await open({ unsafe: [0, 0.9, 0.49, 0.5] });
    const job = await room.draw('imagine', { ...small, count: 4 });
    expect(job.drawing.pictures.map(({ unsafe }) => unsafe)).toEqual([0, 0.9, 0.49, 0.5]);
    for (const command of ['vary', 'enlarge']) {
      expect(textOf(await room.ask(command, { job: job.id, picture: 2 }))).toBe(
        'That picture is withheld, so nothing can be drawn from it.',
      );
    }
    await room.draw('vary', { job: job.id, picture: 3 });
  });

  it('are shown in no preview either, where the model looks only at the end', async () => {
    await room.close();
    await open({ model: { safetyChecker: true } });
    await room.draw('imagine', small);
    expect(room.engine.requests[0]?.previewEvery).toBe(0);
    expect(textOf(await room.ask('models'))).toContain('unsafe ones are withheld');
  });
});
