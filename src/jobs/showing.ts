import type { FinishedJob, StoredPicture } from './job.ts';

/** From here on the model's own checker takes a picture for one that is not for everybody. */
const unsafeFrom = 0.5;

/** `veiled`: behind a cover that whoever looks lifts by themselves. */
export type Showing = 'open' | 'veiled' | 'withheld';

/** A picture of a result, and its place among all of them (0-based). */
export interface ShownPicture {
  readonly picture: StoredPicture;
  readonly index: number;
  readonly isVeiled: boolean;
}

/**
 * How a picture is shown where it was asked for. It follows from what is stored with the job, so every process says the
 * same of it, also after a restart.
 */
export function showingOf(
  { unsafe }: Pick<StoredPicture, 'unsafe'>,
  { replyTo }: Pick<FinishedJob, 'replyTo'>,
): Showing {
  if (unsafe < unsafeFrom) return 'open';
  return replyTo.ageRestricted ? 'veiled' : 'withheld';
}

/** The pictures of a result that people may see. */
export function shownPictures(job: Pick<FinishedJob, 'drawing' | 'replyTo'>): readonly ShownPicture[] {
  return job.drawing.pictures.flatMap((picture, index) => {
    const showing = showingOf(picture, job);
    return showing === 'withheld' ? [] : [{ picture, index, isVeiled: showing === 'veiled' }];
  });
}

/** Those that nobody needs to be warned of, wherever they are shown. */
export function openPictures(job: Pick<FinishedJob, 'drawing' | 'replyTo'>): readonly ShownPicture[] {
  return shownPictures(job).filter(({ isVeiled }) => !isVeiled);
}
