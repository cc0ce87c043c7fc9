import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { inBatches } from '../../src/store/batches.ts';

const ok = <Value>(value: Value): PromiseSettledResult<Value> => ({ status: 'fulfilled', value });

describe('batches', () => {
  it('gathers what comes while one is under way, within the bound, in order', async () => {
    const sizes: number[] = [];
    const double = inBatches(3, async (items: readonly number[]) => {
      sizes.push(items.length);
      return items.map((item) => ok(item * 2));
    });
    const results = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((item) => double(item)));
    expect(results).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
    expect(sizes).toEqual([1, 3, 3, 1]);
    expect(await double(9)).toBe(18);
  });

  it('refuses one of a batch and takes the others', async () => {
    const odd = inBatches(9, async (items: readonly number[]) =>
      items.map((item) => (item % 2 ? ok(item) : { status: 'rejected' as const, reason: new Error(`no ${item}`) })),
    );
    const results = await Promise.allSettled([1, 2, 3].map((item) => odd(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('lets a bad item fail alone', async () => {
    const sum = inBatches(9, async (items: readonly number[]) => {
      if (items.includes(3)) throw new Error('three is bad');
      return items.map(ok);
    });
    const results = await Promise.allSettled([1, 2, 3, 4].map((item) => sum(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  it('tells all of them at once when the database is away', async () => {
    let runs = 0;
    const away = inBatches(9, async () => {
      runs += 1;
      throw new StoreError('database_unavailable', 'Away.', { retryable: true });
    });
    const results = await Promise.allSettled([1, 2, 3, 4].map((item) => away(item)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(runs).toBe(2);
  });
});
