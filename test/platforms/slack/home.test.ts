import { expect, test } from 'vitest';
import { untilResult, useSlack } from './open-slack.ts';

const open = useSlack();

test('the home tab shows own jobs, own pictures and own settings', async () => {
  const world = await open();
  const { slack, engine } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { pictures } = await untilResult(world);
  await world.reached('delivered');
  engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a slow boat');
  await slack.until('the engine to hold', () => engine.running.now === 1);
  await slack.alice.opensHome();
  const home = await slack.until('the home tab', () => slack.alice.home());
  const words = JSON.stringify(home.content);
  expect(words).toContain('a slow boat');
  expect(words).toContain(`p${pictures.ts.replace('.', '')}|open>`);
  expect(words).toContain('Your defaults');
  expect(words).toContain('/quartet settings');
  await slack.bob.opensHome();
  const other = await slack.until('the home tab of somebody else', () => slack.bob.home());
  expect(JSON.stringify(other.content)).toContain('You have no pictures yet');
});

test('its button opens the form, and a button of a result answers directly', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
  await world.reached('delivered');
  await slack.alice.opensHome();
  const home = await slack.until('the home tab', () => slack.alice.home());
  await slack.alice.press(home, 'Draw a picture');
  await slack.until('the form', () => slack.alice.modal());
  await slack.alice.press(home, 'Again');
  const { pictures } = await untilResult(world, slack.alice.direct());
  expect(pictures.files).toHaveLength(4);
});
