import { expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import { partOf, untilResult, useSlack, wordsOf } from './open-slack.ts';

const open = useSlack();

/** White on the left, black on the right. */
const half = () => {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (Math.floor(at / 3) % 64 < 32 ? 255 : 0));
  return encodePng({ width: 64, height: 64, data });
};
const file = async (name: string) => ({ name, bytes: await half() });

test('the pictures of a message are told apart by their names', async () => {
  const { slack, engine } = await open();
  const files = [await file('photo.png'), await file('mask.png'), await file('depth.png')];
  await slack.alice.mentions(slack.general, 'a red boat size:64x64 speed:fast lora_strength:1.5', { files });
  await slack.until('a drawing', () => engine.requests.length === 1);
  expect(engine.requests[0]).toMatchObject({ speed: 'fast', loraScale: 1.5, control: { kind: 'depth', scale: 1 } });
  expect(engine.requests[0]?.init?.mask?.data.length).toBe(64 * 64);
});

test('a mask in the thread of a result paints over that result', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a boat size:64x64 count:2');
  const { pictures } = await untilResult(world);
  await world.reached('delivered');
  await slack.bob.mentions(slack.general, 'a whale', { thread: pictures, files: [await file('mask.png')] });
  const note = await slack.until('a private answer', () => slack.bob.notes(slack.general)[0]);
  expect(note.text).toContain('which of the 2 pictures is painted over');
  const files = [await file('mask.png')];
  await slack.bob.mentions(slack.general, 'a whale picture:2', { thread: pictures, files });
  await slack.until('the second drawing', () => engine.requests.length === 2);
  expect(engine.requests[1]).toMatchObject({ prompt: 'a whale', init: { strength: 0.9 } });
  expect(engine.requests[1]?.init?.mask).toBeDefined();
});

test('a command, which takes no files on Slack, says how it is done instead', async () => {
  const { slack, engine } = await open();
  await slack.alice.slash(slack.general, '/imagine', 'a boat mask:paint.png');
  const note = await slack.until('a private answer', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain("Slack's commands take no files, so `mask` cannot be given here. Nothing was drawn.");
  expect(note.text).toContain('one named `mask.png` says what to draw anew');
  expect(engine.requests).toEqual([]);
});

test('the form has a field for each picture, and only for what the model can do', async () => {
  const { slack, engine } = await open();
  const { message } = await slack.alice.says(slack.general, 'mine', {
    files: [await file('a.png'), await file('b.png'), await file('c.png')],
  });
  const [image = '', mask = '', control = ''] = message.files.map(({ id }) => id);
  await slack.alice.globalShortcut('quartet_draw');
  const form = await slack.until('the form', () => slack.alice.modal());
  const { errors } = await slack.alice.submits(form, {
    'option:prompt': 'a boat',
    'option:size': '64x64',
    'option:image': [image],
    'option:mask': [mask],
    'option:control': [control],
    'option:control_kind': 'scribble',
    'option:control_strength': '0.5',
    'option:speed': 'cutoff',
    place: slack.general.id,
  });
  expect(errors).toBeNull();
  await slack.until('a drawing', () => engine.requests.length === 1);
  expect(engine.requests[0]).toMatchObject({ speed: 'cutoff', control: { kind: 'scribble', scale: 0.5 } });
  expect(engine.requests[0]?.init?.mask).toBeDefined();
});

test('the form leaves out what no model can do', async () => {
  const { slack } = await open({
    engine: { model: { canPaintWithin: false, controls: [], loraScale: null, speeds: ['exact'] } },
  });
  await slack.alice.globalShortcut('quartet_draw');
  const form = await slack.until('the form', () => slack.alice.modal());
  const text = JSON.stringify(form);
  expect(text).toContain('option:image');
  for (const name of ['mask', 'control', 'control_kind', 'control_strength', 'lora_strength', 'speed']) {
    expect(text).not.toContain(`option:${name}"`);
  }
});

test('pictures that the model takes for unsafe are withheld, which is said', async () => {
  const world = await open({ engine: { unsafe: [0, 0.9, 0, 0] } });
  await world.slack.alice.slash(world.slack.general, '/imagine', 'a red boat');
  const { pictures, buttons, parent } = await untilResult(world);
  expect(pictures.files.map(({ name }) => name.at(-5))).toEqual(['1', '3', '4']);
  await world.reached('delivered');
  await world.slack.until('the note', () => wordsOf(parent).includes('1 of the 4 pictures is withheld'));
  expect(wordsOf(buttons)).toContain('Vary 3');
  expect(wordsOf(buttons)).not.toContain('Vary 2');
});

test('where all of them are withheld, the job’s own message says so and has the buttons', async () => {
  const world = await open({ engine: { unsafe: [1, 1, 1, 1] } });
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await world.reached('delivered');
  const [message] = slack.messages(slack.general).filter(({ metadata }) => partOf(metadata) === 'job');
  if (message === undefined) throw new Error('Expected the message of the job.');
  expect(wordsOf(message)).toContain('All 4 pictures are withheld');
  expect(wordsOf(message)).toContain('Again');
  expect(slack.messages(slack.general).every(({ files }) => files.length === 0)).toBe(true);
});
