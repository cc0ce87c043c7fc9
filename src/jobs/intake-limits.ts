import { LimitError } from '../errors.ts';
import type { IntakeLimits } from './job-store.ts';

/** The quota counts pictures of the last 24 hours. */
export const quotaWindowMs = 86_400_000; // 24 hours

/** What a store has counted when a job wants in. */
export interface IntakeCounts {
  /** Jobs that wait, of everybody. */
  readonly waiting: number;
  /** Unfinished jobs of this person. */
  readonly own: number;
  /** This person's pictures within the window, oldest first. */
  readonly uses: readonly { readonly pictures: number; readonly at: number }[];
  /** Pictures that the job would make. */
  readonly wanted: number;
  readonly now: number;
}

/** Throws a `LimitError` (queue_full, too_many_jobs, daily_quota) when the job may not come in. */
export function checkIntake({ waiting, own, uses, wanted, now }: IntakeCounts, limits: IntakeLimits): void {
  if (waiting >= limits.maxQueue) {
    const message = `Expected at most ${limits.maxQueue} waiting jobs, and so many are waiting already. Try again in a minute.`;
    throw new LimitError('queue_full', message, 60_000 /* 1 minute */);
  }
  if (own >= limits.maxJobsPerUser) {
    const message = `Expected at most ${limits.maxJobsPerUser} unfinished jobs of one person, and you have ${own}. Wait for one, or cancel it.`;
    throw new LimitError('too_many_jobs', message, null);
  }
  const used = uses.reduce((sum, { pictures }) => sum + pictures, 0);
  if (used + wanted <= limits.dailyImagesPerUser) return;
  const message = `Expected at most ${limits.dailyImagesPerUser} pictures within 24 hours, and you have asked for ${used}; this would be ${wanted} more.`;
  throw new LimitError('daily_quota', message, timeUntilRoom(uses, used + wanted - limits.dailyImagesPerUser, now));
}

/** When so many pictures have left the window; null when the request alone is over the quota. */
function timeUntilRoom(uses: IntakeCounts['uses'], over: number, now: number): number | null {
  let left = over;
  for (const { pictures, at } of uses) {
    left -= pictures;
    if (left <= 0) return Math.max(0, at + quotaWindowMs - now);
  }
  return null;
}
