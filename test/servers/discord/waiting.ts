import type { Platform } from './platform.ts';

/**
 * Wait until looking finds something: looks again at each change of the place, and gives up after a deadline with a
 * sentence about what was missing.
 */
export function waitFor<Found>(
  platform: Pick<Platform, 'onChange'>,
  what: string,
  look: () => Found | null | undefined | false,
  deadlineMs = 5_000,
): Promise<Found> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`Expected ${what} within ${deadlineMs} ms, and it did not come.`));
    }, deadlineMs);
    const check = () => {
      const found = look();
      if (found === null || found === undefined || found === false) return;
      clearTimeout(timer);
      stop();
      resolve(found);
    };
    const stop = platform.onChange(check);
    check();
  });
}
