import type { Platform } from './platform.ts';

/** What changes inside the bot makes no event here: it is looked for this often. */
const lookAgainMs = 20;

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
      stop();
      resolve(found);
    };
    const again = setInterval(check, lookAgainMs);
    const forget = platform.onChange(check);
    const stop = () => {
      clearTimeout(timer);
      clearInterval(again);
      forget();
    };
    check();
  });
}
