import { afterEach, expect, test } from 'vitest';
import { type OpenSlackOptions, openSlack, type SlackWorld, untilResult, wordsOf } from './open-slack.ts';

const worlds: SlackWorld[] = [];
const open = async (options?: OpenSlackOptions) => {
  const world = await openSlack(options);
  worlds.push(world);
  return world;
};

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

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
  expect([parent.ts, pictures.ts, buttons.ts]).toEqual([parent.ts, pictures.ts, buttons.ts].toSorted());
  expect(wordsOf(buttons)).toContain('seed 7');
});
