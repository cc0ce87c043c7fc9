import type { World } from './world.ts';

/** Wait until something is there; says what was awaited, and the last calls of the bot, when it does not come. */
export function waitUntil<T>(
  world: World,
  what: string,
  find: () => T | null | undefined | false,
  deadlineMs: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(deadline);
      clearInterval(looks);
      world.changes.off('change', look);
    };
    const look = (): void => {
      try {
        const found = find();
        if (found === null || found === undefined || found === false) return;
        end();
        resolve(found);
      } catch (error) {
        end();
        reject(error as Error);
      }
    };
    const deadline = setTimeout(() => {
      end();
      const calls = world.calls.slice(-8).map(({ method, answer }) => `${method}: ${answer}`);
      reject(
        new Error(`Expected ${what} within ${deadlineMs} ms; the bot's last calls: ${calls.join(', ') || 'none'}`),
      );
    }, deadlineMs);
    // What happens inside the app changes nothing here, and may be awaited all the same.
    const looks = setInterval(look, 20);
    world.changes.on('change', look);
    look();
  });
}
