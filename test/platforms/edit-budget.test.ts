import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeliveryError } from '../../src/errors.ts';
import { createEditBudget, type EditBudget } from '../../src/platforms/edit-budget.ts';

describe('edit budget', () => {
  let sent: string[];
  let failures: unknown[];
  let budget: EditBudget;
  const edit = (name: string) => async () => {
    sent.push(name);
  };

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    failures = [];
    budget = createEditBudget({
      limit: 2,
      windowMs: 1_000,
      clock: Date.now,
      onError: (error) => failures.push(error),
    });
  });
  afterEach(async () => {
    await budget.close();
    vi.useRealTimers();
  });

  it('sends at once while there is room, then only the newest of each message', async () => {
    for (let step = 1; step <= 9; step++) {
      budget.put('channel', 'a', edit(`a${step}`));
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(sent).toEqual(['a1', 'a2']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual(['a1', 'a2', 'a9']);
  });

  it('never sends more than the limit within any window', async () => {
    const times: number[] = [];
    for (let step = 0; step < 100; step++) {
      budget.put('channel', `message ${step % 7}`, async () => void times.push(Date.now()));
      await vi.advanceTimersByTimeAsync(73);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(times.length).toBeGreaterThan(10);
    for (const [index, time] of times.slice(0, -2).entries()) {
      expect((times[index + 2] ?? 0) - time).toBeGreaterThanOrEqual(1_000);
    }
  });

  it('lets the messages of a channel take turns, and keeps channels apart', async () => {
    for (const id of ['a', 'b', 'c', 'd']) budget.put('channel', id, edit(id));
    budget.put('other', 'x', edit('x'));
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(['a', 'b', 'x']);
    budget.put('channel', 'a', edit('a again'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual(['a', 'b', 'x', 'c', 'd']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent.at(-1)).toBe('a again');
  });

  it('waits as long as the platform says, and goes on after a failure', async () => {
    budget.put('channel', 'a', async () => {
      throw new DeliveryError('rate_limited', 'Too many.', { retryable: true, retryAfterMs: 5_000 });
    });
    await vi.advanceTimersByTimeAsync(10);
    budget.put('channel', 'b', edit('b'));
    await vi.advanceTimersByTimeAsync(4_900);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent).toEqual(['b']);
    expect(failures).toHaveLength(1);
  });

  it('keeps the edits of a message in their order', async () => {
    const first = Promise.withResolvers<void>();
    budget.put('channel', 'a', async () => {
      await first.promise;
      sent.push('slow');
    });
    budget.put('channel', 'a', edit('quick'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual([]);
    first.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(['slow', 'quick']);
  });

  it('settles a message: what waits is dropped, what is under way is waited for', async () => {
    const first = Promise.withResolvers<void>();
    budget.put('channel', 'a', () => first.promise);
    budget.put('channel', 'a', edit('never'));
    let isSettled = false;
    const settled = budget.settle('a').then(() => {
      isSettled = true;
    });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(isSettled).toBe(false);
    first.resolve();
    await settled;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual([]);
  });

  it('closes twice', async () => {
    budget.put('channel', 'a', edit('a'));
    await budget.close();
    await budget.close();
  });
});
