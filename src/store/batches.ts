import { setTimeout as pause } from 'node:timers/promises';
import { QuartetError } from '../errors.ts';

/** How long a batch that is not full waits for more after the one before. */
const gatherMs = 5;

interface Pending<Item, Result> {
  readonly item: Item;
  readonly settle: PromiseWithResolvers<Result>;
}

/**
 * Gathers calls: those that come while a batch is under way go together in the next one, at most `maxItems` of them.
 * A batch that fails for good is run again one by one, so that one bad item fails alone.
 */
export function inBatches<Item, Result>(
  maxItems: number,
  run: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>,
): (item: Item) => Promise<Result> {
  const waiting: Pending<Item, Result>[] = [];
  let isRunning = false;

  const runBatch = async (batch: readonly Pending<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      batch.forEach(({ settle }, index) => {
        const result = results[index];
        if (result?.status === 'fulfilled') settle.resolve(result.value);
        else settle.reject(result?.reason);
      });
    } catch (error) {
      const isForGood = !(error instanceof QuartetError && error.retryable);
      if (isForGood && batch.length > 1) {
        for (const one of batch) await runBatch([one]);
      } else {
        for (const { settle } of batch) settle.reject(error);
      }
    }
  };

  const runAll = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      await runBatch(waiting.splice(0, maxItems));
      // An embedded database computes on this thread: without a pause, what has come over the network meanwhile
      // would be read only one by one, each to become a batch of its own.
      if (waiting.length < maxItems) await pause(gatherMs);
    }
    isRunning = false;
  };

  return (item) => {
    const settle = Promise.withResolvers<Result>();
    waiting.push({ item, settle });
    if (!isRunning) void runAll();
    return settle.promise;
  };
}
