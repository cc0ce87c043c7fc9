import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairOrder } from '../../src/jobs/fair-order.ts';
import { type Owner, ownerOf } from '../../src/jobs/owner.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { sampleJob, sampleRequester } from './sample-jobs.ts';

const owner = (name: string) => name as Owner;
const place = (name: string, position: number, turn: number, resumed = false) => ({
  owner: owner(name),
  position,
  turn,
  resumed,
});
const anyPlaces = fc
  .array(fc.record({ person: fc.integer({ min: 0, max: 5 }), resumed: fc.boolean() }), { maxLength: 40 })
  .chain((items) =>
    fc
      .shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 })
      .map((turns) =>
        items.map(({ person, resumed }, position) => place(`user-${person}`, position, turns[person] ?? 0, resumed)),
      ),
  );

describe('fair order', () => {
  it('takes one job a person in the order of their turns, then the second ones', () => {
    const order = fairOrder([place('a', 1, 2), place('a', 2, 2), place('b', 3, 1), place('c', 4, 3), place('b', 5, 1)]);
    expect(order.map(({ owner: name, position }) => `${name}${position}`)).toEqual(['b3', 'a1', 'c4', 'b5', 'a2']);
  });

  it('lets interrupted jobs go first', () => {
    const order = fairOrder([place('a', 1, 1), place('b', 5, 2, true), place('c', 3, 3, true)]);
    expect(order.map(({ position }) => position)).toEqual([3, 5, 1]);
  });

  it('loses nobody, keeps each person’s own order, and does not depend on the order it is given', () => {
    fc.assert(
      fc.property(anyPlaces, (places) => {
        const order = fairOrder(places);
        expect(new Set(order)).toEqual(new Set(places));
        expect(order).toHaveLength(places.length);
        expect(fairOrder(places.toReversed())).toEqual(order);
        for (const name of new Set(places.map((item) => item.owner))) {
          const own = order.filter((item) => item.owner === name && !item.resumed).map(({ position }) => position);
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('puts at most k - 1 others’ jobs before the first one of anybody while k people wait', () => {
    fc.assert(
      fc.property(anyPlaces, (places) => {
        const fresh = fairOrder(places.filter(({ resumed }) => !resumed));
        const people = new Set(fresh.map((item) => item.owner));
        for (const name of people) {
          expect(fresh.findIndex((item) => item.owner === name)).toBeLessThanOrEqual(people.size - 1);
        }
      }),
    );
  });
});

/** What happens to a queue: somebody sends a job, or one is begun. */
const anyHistory = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('submit' as const), person: fc.integer({ min: 0, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('claim' as const) }) },
  ),
  { maxLength: 60 },
);
const roomy = { maxQueue: 999, maxJobsPerUser: 999, dailyImagesPerUser: 9_999 };

describe('fair order over time', () => {
  it('never begins more than one job of anybody else between two of somebody who waits all the time', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const store = createMemoryJobStore();
        // For each person who waits: whose jobs have begun since they began to wait, or since their last one began.
        const overtakenBy = new Map<Owner, Owner[]>();
        for (const event of history) {
          if (event.type === 'submit') {
            const requester = sampleRequester(`user-${event.person}`);
            await store.submit(sampleJob({ requester }), roomy);
            const own = ownerOf(requester);
            if (!overtakenBy.has(own)) overtakenBy.set(own, []);
            continue;
          }
          const expected = fairOrder(await store.waiting())[0];
          const claimed = await store.claim({ now: 1, leaseMs: 1_000 });
          expect(claimed?.id).toBe(expected?.job.id);
          if (claimed === null) continue;
          const begun = ownerOf(claimed.requester);
          overtakenBy.delete(begun);
          for (const others of overtakenBy.values()) {
            others.push(begun);
            expect(new Set(others).size).toBe(others.length);
          }
          const stillWait = (await store.waiting()).some((item) => item.owner === begun);
          if (stillWait) overtakenBy.set(begun, []);
        }
      }),
    );
  });
});
