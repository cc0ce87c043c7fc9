import { afterEach, beforeEach, expect, test } from 'vitest';
import { complaintsAbout } from './roll-call.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

test('has nothing to say about an evening on which nobody asked for anything', () => {
  expect(complaintsAbout(stage, [], 0)).toEqual([]);
});

test('complains of a job that was never answered', () => {
  const [complaint, ...rest] = complaintsAbout(stage, [{ id: 'a', platform: 'slack', state: 'delivered' }], 1);
  expect(complaint).toBe('Expected job a to be answered once on slack, got 0.');
  expect(rest).toEqual([]);
});

test('complains of more jobs than were asked for', () => {
  expect(complaintsAbout(stage, [{ id: 'a', platform: 'discord', state: 'delivered' }], 0)).toContain(
    'Expected 0 jobs in the database, got 1.',
  );
});

test('complains of a job that has not ended', () => {
  expect(complaintsAbout(stage, [{ id: 'a', platform: 'discord', state: 'drawn' }], 1)).toContain(
    'Expected job a to have ended, got drawn.',
  );
});
