import { expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import { partOf, untilResult, useSlack, wordsOf } from './open-slack.ts';

const open = useSlack();

test('a mention draws, and in a thread the answer stays in that thread', async () => {
  const world = await open();
  const { slack } = world;
  const { message: root } = await slack.alice.says(slack.general, 'what shall we draw?');
  await slack.alice.mentions(slack.general, 'a red boat', { thread: root });
  await slack.until('pictures in the thread', () =>
    slack.messages(slack.general, root).some(({ files }) => files.length === 4),
  );
  await slack.until('buttons in the thread', () =>
    slack.messages(slack.general, root).some(({ metadata }) => partOf(metadata) === 'buttons'),
  );
  const outside = slack.messages(slack.general).filter(({ threadTs, botId }) => threadTs === null && botId !== null);
  expect(outside).toEqual([]);
});

test('a thread shows that somebody is busy in it', async () => {
  const world = await open();
  const { slack, engine } = world;
  const release = engine.hold();
  const { message: root } = await slack.alice.says(slack.general, 'what shall we draw?');
  await slack.alice.mentions(slack.general, 'a red boat', { thread: root });
  await slack.until('the engine to begin', () => engine.running.now === 1);
  release();
  await slack.until('a status', () => slack.state.statuses.find(({ threadTs }) => threadTs === root.ts));
});

test('!imagine draws where slash commands do not exist: in threads', async () => {
  const { slack } = await open();
  const { message: root } = await slack.alice.says(slack.general, 'what shall we draw?');
  const { refusal } = await slack.alice.slash(slack.general, '/imagine', 'a boat', { thread: root });
  expect(refusal).toContain('not supported in threads');
  await slack.alice.says(slack.general, '!imagine a red boat steps:2', { thread: root });
  await slack.until('pictures in the thread', () =>
    slack.messages(slack.general, root).some(({ files }) => files.length === 4),
  );
});

test('a reply in the thread of a result draws with that result’s settings', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat steps:3 seed:77 count:1');
  const { pictures, buttons } = await untilResult(world);
  await world.reached('delivered');
  await slack.bob.mentions(slack.general, 'a blue boat', { thread: pictures });
  await slack.until('the second drawing', () => engine.requests.length === 2);
  expect(engine.requests[1]).toMatchObject({ prompt: 'a blue boat', steps: 3, seeds: [77] });
  const answer = await slack.until('pictures in the thread', () =>
    slack.messages(slack.general, pictures).find(({ files }) => files.length === 1),
  );
  expect(answer.threadTs).toBe(pictures.ts);
  await slack.alice.mentions(slack.general, 'a green boat', { thread: buttons });
  await slack.until('the third drawing', () => engine.requests.length === 3);
  expect(engine.requests[2]).toMatchObject({ prompt: 'a green boat', steps: 3, seeds: [77] });
});

test('in a direct conversation every message is a wish', async () => {
  const { slack } = await open();
  const direct = slack.alice.direct();
  await slack.alice.says(direct, 'a red boat');
  await slack.until('pictures', () => slack.messages(direct).some(({ files }) => files.length === 4));
});

test('a mention without a wish is answered with what to say', async () => {
  const { slack } = await open();
  await slack.alice.mentions(slack.general, '');
  const note = await slack.until('a private answer', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain('Say what I should draw');
});

test('starts from a picture that was shared with the wish', async () => {
  const { slack, engine } = await open();
  const bytes = await encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) });
  await slack.alice.mentions(slack.general, 'the same at dusk strength:0.5', { files: [{ name: 'mine.png', bytes }] });
  await slack.until('a drawing', () => engine.requests.length === 1);
  expect(engine.requests[0]?.init?.strength).toBe(0.5);
});

test('the message shortcut draws what a message says, in its thread', async () => {
  const { slack } = await open();
  const { message } = await slack.bob.says(slack.general, 'a red boat &amp; a <b>lighthouse</b>');
  await slack.alice.messageShortcut(message, 'quartet_draw_this');
  const shown = await slack.until('pictures in the thread', () =>
    slack.messages(slack.general, message).find(({ files }) => files.length === 4),
  );
  expect(shown.files[0]?.altText).toContain('a red boat');
});

test('the global shortcut opens a form, tells beside a field what is wrong, and draws', async () => {
  const { slack, engine } = await open();
  await slack.alice.globalShortcut('quartet_draw');
  const form = await slack.until('the form', () => slack.alice.modal());
  const refused = await slack.alice.submits(form, { 'option:prompt': '\u0007', place: slack.general.id });
  expect(Object.keys(refused.errors ?? {})).toEqual(['option:prompt']);
  const { errors, view } = await slack.alice.submits(form, {
    'option:prompt': 'a red boat',
    'option:count': '2',
    'option:style': 'watercolour',
    place: slack.general.id,
  });
  expect(errors).toBeNull();
  expect(view).toBeNull();
  await slack.until('pictures', () => slack.messages(slack.general).some(({ files }) => files.length === 2));
  expect(engine.requests).toHaveLength(1);
});

test('draws only in the channels that it was set up for', async () => {
  const { slack, engine } = await open({ platform: { channels: ['C0ELSEWHERE'] } });
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const note = await slack.until('a private answer', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain('I do not draw in this channel');
  expect(engine.requests).toEqual([]);
});

test('what a person writes calls nobody and opens no link', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', '<!channel> & <@U1> <https://evil.example|me> @here');
  const { parent } = await untilResult(world);
  expect(slack.state.pings.filter(({ ts }) => ts === parent.ts)).toEqual([]);
  expect(slack.state.pings).toEqual([]);
  expect(wordsOf(parent)).not.toMatch(/<[!@]|<https/);
});
