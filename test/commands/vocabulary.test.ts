import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawingNotes } from '../../commands/vocabulary.ts';
import { english } from '../../src/messages/en.ts';
import { jobOf, openDrawingRoom, textOf } from './drawing-room.ts';

const vocabulary = {
  object: ['boat', 'lighthouse'],
  time: ['dawn', 'dusk'],
  mountains: ['yes'],
  style: ['woodcut', 'pixel art'],
};
const knownWords = { ...vocabulary, object: ['boat', 'ship', 'lighthouse'], time: ['at dusk', 'sunset', 'dawn'] };
const things = 'boat, lighthouse';

describe('a model with a closed vocabulary', () => {
  let room: Awaited<ReturnType<typeof openDrawingRoom>>;
  beforeAll(async () => {
    room = await openDrawingRoom({ model: { vocabulary, knownWords, canStartFromPicture: false, enlarge: null } });
  });
  afterAll(() => room.close());

  test.each([
    ['a dragon in the cave', 1],
    ['등대', 1],
    ['a dragon at sunset', 0],
    ['two ships', 0],
    ['7', 0],
  ])('draws %j all the same, with so many notes: %i', async (prompt, notes) => {
    const reply = await room.ask('imagine', { prompt, size: '64x64' });
    const expected = [english.note.nothingKnown(things)].slice(0, notes);
    expect(reply).toMatchObject({ kind: 'job', notes: expected });
    await room.until(reply, 'delivered');
  });

  test('tells after drawing which words it has never seen, but not of the words of a style', async () => {
    const job = await room.draw('imagine', {
      prompt: 'a dragon at dusk',
      style: 'neon',
      size: '64x64',
    });
    expect(drawingNotes(job, room.services.engine, english)).toEqual([
      'This small model has never seen `dragon`. It can draw: boat, lighthouse.',
    ]);
  });

  test('says that an enlarged picture was resized', async () => {
    const first = await room.draw('imagine', { prompt: 'a boat', size: '64x64' });
    const job = await room.draw('enlarge', { job: first.id, picture: 1 });
    expect(job.drawing.pictures).toMatchObject([{ size: { width: 128, height: 128 } }]);
    expect(drawingNotes(job, room.services.engine, english)).toEqual([english.note.resized]);
  });

  test('varies by a fresh seed and says so, where it cannot start from a picture', async () => {
    const job = await room.draw('imagine', { prompt: 'a boat', size: '64x64' });
    const reply = await room.ask('vary', { job: job.id, picture: 1 });
    expect(reply).toMatchObject({ notes: [english.note.freshSeed] });
    expect(jobOf(reply).request).toMatchObject({ init: null, derivedFrom: { job: job.id, index: 0 } });
    await room.until(reply, 'delivered');
  });

  test('refuses a picture to start from, where it cannot', async () => {
    const image = { name: 'x.png', bytes: 1, fetch: () => Promise.reject(new Error('fetched')) };
    expect(textOf(await room.ask('imagine', { prompt: 'a boat', image }))).toContain('cannot start from a picture');
  });

  test('lists all that it can draw under /models', async () => {
    expect(textOf(await room.ask('models'))).toContain('It can draw:\n- boat, lighthouse\n- dawn, dusk\n- mountains');
  });
});

test('no note is given where a model cannot tell its synonyms', async () => {
  const room = await openDrawingRoom({ model: { vocabulary } });
  try {
    expect(await room.ask('imagine', { prompt: 'a ship at sunset' })).toMatchObject({ kind: 'job', notes: [] });
  } finally {
    await room.close();
  }
});
