import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endTimes } from '../../src/jobs/timeline.ts';

describe('time line', () => {
  it('adds up what is before a job when one is drawn at once', () => {
    expect(endTimes({ inFlight: [500], waiting: [1_000, 2_000], concurrency: 1 })).toEqual([1_500, 3_500]);
  });

  it('uses the slot that is free first', () => {
    expect(endTimes({ inFlight: [5_000], waiting: [1_000, 1_000, 9_000], concurrency: 2 })).toEqual([
      1_000, 2_000, 11_000,
    ]);
  });

  it('counts what other processes draw as slots', () => {
    expect(endTimes({ inFlight: [300, 100], waiting: [50], concurrency: 1 })).toEqual([150]);
  });

  it('does not guess after a job of unknown length', () => {
    expect(endTimes({ inFlight: [null], waiting: [100], concurrency: 1 })).toEqual([null]);
    expect(endTimes({ inFlight: [], waiting: [100, null, 100], concurrency: 1 })).toEqual([100, null, null]);
    expect(endTimes({ inFlight: [null], waiting: [100], concurrency: 2 })).toEqual([100]);
  });

  it('never lets more slots make anything later', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 1, max: 5 }), (waiting, concurrency) => {
        const few = endTimes({ inFlight: [], waiting, concurrency });
        const more = endTimes({ inFlight: [], waiting, concurrency: concurrency + 1 });
        few.forEach((end, index) => {
          expect(more[index]).toBeLessThanOrEqual(end ?? 0);
        });
      }),
    );
  });
});
