import { expect, test } from 'vitest';
import { partOf, untilResult, useSlack, wordsOf } from './open-slack.ts';

const open = useSlack();

test('draws four pictures in one message, each with its text for screen readers', async () => {
  const world = await open();
  const { slack } = world;
  const { receipt, refusal } = await slack.alice.slash(slack.general, '/imagine', 'a red boat seed:7');
  expect(refusal).toBeNull();
  expect(receipt?.outcome).toBe('acknowledged');
  const { parent, pictures, buttons } = await untilResult(world);
  expect(pictures.files).toHaveLength(4);
  expect(pictures.threadTs).toBeNull();
  for (const { altText } of pictures.files) expect(altText).toContain('a red boat');
  expect(new Set(pictures.files.map(({ bytes }) => Buffer.from(bytes ?? []).toString('base64'))).size).toBe(4);
  const order = [parent.ts, pictures.ts, buttons.ts];
  expect(order).toEqual(order.toSorted());
  expect(wordsOf(buttons)).toContain('seed 7');
});

test('shows place and progress in the one message that it edits, without an (edited) mark', async () => {
  const world = await open();
  const { slack, engine } = world;
  const release = engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const first = await slack.untilMessage(
    slack.general,
    'the message of the job',
    ({ metadata }) => partOf(metadata) === 'job',
  );
  expect(wordsOf(first)).toContain('a red boat');
  expect(wordsOf(first)).toContain('for alice');
  await slack.alice.slash(slack.general, '/imagine', 'a blue boat');
  const second = await slack.untilMessage(slack.general, 'a place in the line', (message) =>
    /number 1 of 1/.test(wordsOf(message)),
  );
  expect(wordsOf(second)).toContain('a blue boat');
  release();
  await untilResult(world, slack.general, 2);
  await slack.untilMessage(
    slack.general,
    'the end of the first',
    ({ ts, text }) => ts === first.ts && /Done in/.test(text),
  );
  const said = first.versions.map(({ text }) => text);
  expect(said.some((text) => /step \d of 4/.test(text))).toBe(true);
  expect(first.markedEdited).toBe(false);
});

test('acknowledges before it asks Slack anything', async () => {
  const world = await open();
  const { slack } = world;
  slack.state.calls.length = 0;
  slack.weather.expect({ of: 'users.info', trouble: { kind: 'silence' } });
  const begun = Date.now();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  expect(Date.now() - begun).toBeLessThan(1_000);
  // And nobody waits for Slack to say what language they read.
  await untilResult(world);
});

test('says in the language of whoever asks', async () => {
  const { slack } = await open();
  const minji = slack.addPerson('minji', { locale: 'ko-KR' });
  slack.general.members.add(minji.id);
  await minji.slash(slack.general, '/imagine', 'a red boat');
  await slack.untilMessage(slack.general, 'Korean', (message) => wordsOf(message).includes('minji 님의 요청'));
});

test('tells why a drawing failed, and offers to try again', async () => {
  const { EngineError } = await import('../../../src/errors.ts');
  const failures = [new EngineError('model_failed', 'The model failed.')];
  const { slack } = await open({ engine: { failures } });
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const failed = await slack.untilMessage(slack.general, 'the failure', ({ text }) => /failed to draw/.test(text));
  expect(wordsOf(failed)).toContain('Try again');
});

test('answers a wrong option only to the asker, in plain words, and draws nothing', async () => {
  const { slack } = await open();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat steps:900');
  const note = await slack.until('a private answer', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain('Expected `steps` to be 1-150, got 900');
  expect(slack.messages(slack.general)).toEqual([]);
});

test('/quartet runs every other command, and names them as they are called here', async () => {
  const { slack } = await open();
  await slack.alice.slash(slack.general, '/quartet', '');
  const help = await slack.until('help', () => slack.alice.notes(slack.general)[0]);
  expect(wordsOf(help)).toContain('/quartet queue');
  await slack.alice.slash(slack.general, '/quartet', 'queue');
  const queue = await slack.until('the queue', () => slack.alice.notes(slack.general)[1]);
  expect(queue.text).toContain('Nobody is waiting');
  await slack.alice.slash(slack.general, '/quartet', 'hsitory');
  const refusal = await slack.until('a refusal', () => slack.alice.notes(slack.general)[2]);
  expect(refusal.text).toContain('/quartet history');
});

test('shows one’s own pictures again, with links', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { pictures } = await untilResult(world);
  await world.reached('delivered');
  await slack.alice.slash(slack.general, '/quartet', 'history');
  const note = await slack.until('the history', () => slack.alice.notes(slack.general)[0]);
  expect(wordsOf(note)).toContain(`/archives/${slack.general.id}/p${pictures.ts.replace('.', '')}`);
});
