import { expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../src/engines/triton/circuit-breaker.ts';

function breaker() {
  const clock = { now: 0 };
  const made = createCircuitBreaker({ clock: () => clock.now, random: () => 1 });
  const fail = (times: number) => {
    for (let count = 0; count < times; count++) {
      made.begun();
      made.failed();
    }
  };
  return { clock, fail, ...made };
}

it('lets work through until three pieces failed in a row', () => {
  const { allows, fail, begun, succeeded } = breaker();
  fail(2);
  begun();
  succeeded();
  fail(2);
  expect(allows()).toBe(true);
  fail(1);
  expect(allows()).toBe(false);
});

it('lets one piece through after a pause, and all once that succeeded', () => {
  const { allows, fail, begun, succeeded, clock } = breaker();
  fail(3);
  clock.now = 1_000;
  expect(allows()).toBe(true);
  begun();
  expect(allows()).toBe(false);
  succeeded();
  expect(allows()).toBe(true);
});

it('pauses longer after each further failure, at most 30 s', () => {
  const { allows, fail, clock } = breaker();
  fail(4);
  clock.now = 1_999;
  expect(allows()).toBe(false);
  clock.now = 2_000;
  expect(allows()).toBe(true);
  fail(40);
  clock.now = 32_000;
  expect(allows()).toBe(true);
});

it('lets another piece try when the one that tried told nothing', () => {
  const { allows, fail, begun, toldNothing, clock } = breaker();
  fail(3);
  clock.now = 1_000;
  begun();
  toldNothing();
  expect(allows()).toBe(true);
});
