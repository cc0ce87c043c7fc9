import { describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { checkIntake, type IntakeCounts, quotaWindowMs } from '../../src/jobs/intake-limits.ts';

const limits = { maxQueue: 5, maxJobsPerUser: 2, dailyImagesPerUser: 8 };
const calm: IntakeCounts = { waiting: 0, own: 0, uses: [], wanted: 4, now: 1_000_000 };

function refusal(counts: Partial<IntakeCounts>): LimitError | null {
  try {
    checkIntake({ ...calm, ...counts }, limits);
    return null;
  } catch (error) {
    if (error instanceof LimitError) return error;
    throw error;
  }
}

describe('caps and quota', () => {
  it('let in what is just within them', () => {
    const uses = [{ pictures: 4, at: 999_000 }];
    expect(refusal({ waiting: 4, own: 1, uses })).toBeNull();
  });

  it('say what was expected and what came', () => {
    expect(refusal({ waiting: 5 })?.message).toContain('Expected at most 5 waiting jobs');
    expect(refusal({ own: 2 })?.message).toContain('Expected at most 2 unfinished jobs of one person, and you have 2');
    const uses = [{ pictures: 5, at: 999_000 }];
    expect(refusal({ uses })?.message).toBe(
      'Expected at most 8 pictures within 24 hours, and you have asked for 5; this would be 4 more.',
    );
  });

  it('say when enough pictures have left the day', () => {
    const uses = [1_000, 2_000, 3_000].map((at) => ({ pictures: 2, at }));
    expect(refusal({ uses, now: 10_000 })?.retryAfterMs).toBe(1_000 + quotaWindowMs - 10_000);
    expect(refusal({ uses, now: 10_000, wanted: 6 })?.retryAfterMs).toBe(2_000 + quotaWindowMs - 10_000);
  });

  it('do not name a time for what is over the quota alone', () => {
    expect(refusal({ wanted: 9 })).toMatchObject({ code: 'daily_quota', retryAfterMs: null });
  });
});
