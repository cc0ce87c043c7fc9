import { z } from 'zod';
import type { ServerClock } from './clock.ts';

const epoch = 1_420_070_400_000;

/** Ids as Discord makes them: the time in the upper bits, so that newer ids sort after older ones. */
export function createSnowflakes(clock: ServerClock): () => string {
  let last = 0n;
  return () => {
    const id = BigInt(clock.now() - epoch) << 22n;
    last = id > last ? id : last + 1n;
    return String(last);
  };
}

/** When something with this id was made, in ms since 1970. */
export function snowflakeTime(id: string): number {
  return Number(BigInt(id) >> 22n) + epoch;
}

export const snowflake = z.string().regex(/^\d{1,20}$/, { error: 'is not snowflake.' });
