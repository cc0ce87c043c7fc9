import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelay, retryPolicies } from '../../src/jobs/retry-policies.ts';

const policy = { maxAttempts: 9, baseDelayMs: 100, maxDelayMs: 1_000, giveUpAfterMs: 60_000 };

describe('retry policies', () => {
  it('wait twice as long each time, up to a bound', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((attempt) => retryDelay(policy, attempt, () => 1));
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('never wait less than the other side asked for', () => {
    expect(retryDelay(policy, 1, () => 0, 30_000)).toBe(30_000);
  });

  it('spread within the upper half', () => {
    const anyPolicy = fc.constantFrom(...Object.values(retryPolicies));
    fc.assert(
      fc.property(
        anyPolicy,
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (one, attempt, random) => {
          const most = retryDelay(one, attempt, () => 1);
          const delay = retryDelay(one, attempt, () => random);
          expect(delay).toBeLessThanOrEqual(most);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(most / 2));
          expect(most).toBeLessThanOrEqual(one.maxDelayMs);
        },
      ),
    );
  });
});
