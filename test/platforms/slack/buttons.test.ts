import { expect, test } from 'vitest';
import { createButtonIds } from '../../../src/platforms/button-id.ts';
import { untilResult, useSlack, wordsOf } from './open-slack.ts';

const open = useSlack();

test('every button of a result does what it says', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat seed:5');
  const { buttons } = await untilResult(world);
  await slack.bob.press(buttons, 'Vary 2');
  await untilResult(world, slack.general, 2);
  expect(engine.requests[1]?.init).not.toBeNull();
  await slack.bob.press(buttons, 'Enlarge 3');
  const { pictures } = await untilResult(world, slack.general, 3);
  expect(pictures.files).toHaveLength(1);
  await slack.bob.press(buttons, 'Again');
  await untilResult(world, slack.general, 4);
  expect(engine.requests[3]?.seeds).not.toContain(5);
  await slack.bob.press(buttons, 'Details');
  const note = await slack.until('the details', () => slack.bob.notes(slack.general)[0]);
  expect(wordsOf(note)).toContain('a red boat');
});

test('a result says what it derives from, with a link', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const first = await untilResult(world);
  await world.reached('delivered');
  await slack.bob.press(first.buttons, 'Vary 2');
  const second = await untilResult(world, slack.general, 2);
  expect(wordsOf(second.buttons)).toContain(`p${first.pictures.ts.replace('.', '')}|this result>`);
});

test('Edit opens a form with the settings, and draws with what was changed', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat seed:5 steps:3');
  const { buttons } = await untilResult(world);
  await slack.bob.press(buttons, 'Edit');
  const form = await slack.until('the form', () => slack.bob.modal());
  expect(JSON.stringify(form.content)).toContain('a red boat');
  const { errors } = await slack.bob.submits(form, { 'option:prompt': 'a blue boat' });
  expect(errors).toBeNull();
  await untilResult(world, slack.general, 2);
  expect(engine.requests[1]).toMatchObject({ prompt: 'a blue boat', steps: 3 });
  expect(engine.requests[1]?.seeds[0]).toBe(5);
});

test('Edit starts from a picture that is added in its form', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons, pictures } = await untilResult(world);
  await slack.bob.press(buttons, 'Edit');
  const form = await slack.until('the form', () => slack.bob.modal());
  const { errors } = await slack.bob.submits(form, { 'option:image': [pictures.files[0]?.id ?? ''] });
  expect(errors).toBeNull();
  await untilResult(world, slack.general, 2);
  expect(engine.requests[1]?.init).toMatchObject({ strength: expect.any(Number) });
});

test('a double click is one job', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons } = await untilResult(world);
  await Promise.all([slack.alice.press(buttons, 'Again'), slack.alice.press(buttons, 'Again')]);
  await untilResult(world, slack.general, 2);
  expect(engine.requests).toHaveLength(2);
});

test('Cancel ends a job that waits, for whoever asked only', async () => {
  const world = await open();
  const { slack, engine } = world;
  const release = engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const parent = await slack.until('the message of the job', () => slack.messages(slack.general)[0]);
  await slack.bob.press(parent, 'Cancel');
  const note = await slack.until('a refusal', () => slack.bob.notes(slack.general)[0]);
  expect(note.text).toContain('for the person who asked');
  await slack.alice.press(parent, 'Cancel');
  await slack.untilMessage(slack.general, 'that it was cancelled', ({ text }) => text.includes('Cancelled.'));
  release();
  expect(slack.messages(slack.general)).toHaveLength(1);
});

test('an admin may end what is not theirs', async () => {
  const admins: string[] = [];
  const world = await open({ platform: { admins } });
  const { slack, engine } = world;
  admins.push(`slack:${slack.bob.id}`);
  engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const parent = await slack.until('the message of the job', () => slack.messages(slack.general)[0]);
  await slack.bob.press(parent, 'Cancel');
  await slack.untilMessage(slack.general, 'that it was cancelled', ({ text }) => text.includes('Cancelled.'));
});

test('Delete takes every message and file away, for whoever asked only', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons, pictures } = await untilResult(world);
  await world.reached('delivered');
  await slack.bob.press(buttons, 'Delete');
  await slack.until('a refusal', () => slack.bob.notes(slack.general)[0]);
  expect(slack.messages(slack.general)).toHaveLength(3);
  await slack.alice.press(buttons, 'Delete');
  await slack.until('an empty channel', () => slack.messages(slack.general).length === 0);
  for (const file of pictures.files) expect(file.state).toBe('deleted');
  const note = await slack.until('a confirmation', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain('Deleted');
});

test('buttons work after a restart', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons } = await untilResult(world);
  await world.reached('delivered');
  const { engine } = await world.restart();
  await slack.bob.press(buttons, 'Again');
  await untilResult(world, slack.general, 2);
  expect(engine.requests).toHaveLength(1);
});

test('a forged button, and one that another secret has signed, get a private refusal', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons } = await untilResult(world);
  await world.reached('delivered');
  const foreign = createButtonIds(new TextEncoder().encode('a secret of somebody else'));
  await world.restart({ platform: { ids: foreign } });
  await slack.bob.press(buttons, 'Again');
  const note = await slack.until('a refusal', () => slack.bob.notes(slack.general)[0]);
  expect(note.text).toContain('I do not know that button');
});

test('a form that Slack opens too late is explained', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons } = await untilResult(world);
  slack.weather.expect({ of: 'views.open', trouble: { kind: 'error', error: 'expired_trigger_id' } });
  await slack.bob.press(buttons, 'Edit');
  const note = await slack.until('an explanation', () => slack.bob.notes(slack.general)[0]);
  expect(note.text).toContain('Please press once more');
});
