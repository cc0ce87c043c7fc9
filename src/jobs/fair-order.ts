import type { Owner } from './owner.ts';

/** What decides a waiting job's place. */
export interface WaitingPlace {
  readonly owner: Owner;
  /** Rises with every accepted job. */
  readonly position: number;
  /** The owner's turn: taken anew with their first waiting job and each time one of theirs begins. */
  readonly turn: number;
  /** Drawing had begun before and was interrupted. */
  readonly resumed: boolean;
}

/**
 * The order in which waiting jobs begin: interrupted ones first, then one job a person in the order of their turns,
 * then each one's second job, and so on. So while k people wait, nobody waits for more than k - 1 others' jobs
 * before the next one of theirs begins, however many jobs one of them sends.
 */
export function fairOrder<Place extends WaitingPlace>(waiting: readonly Place[]): Place[] {
  const byPosition = waiting.toSorted((a, b) => a.position - b.position);
  const taken = new Map<Owner, number>();
  const fresh = byPosition
    .filter((place) => !place.resumed)
    .map((place) => {
      const round = taken.get(place.owner) ?? 0;
      taken.set(place.owner, round + 1);
      return { place, round };
    })
    .sort((a, b) => a.round - b.round || a.place.turn - b.place.turn);
  return [...byPosition.filter((place) => place.resumed), ...fresh.map(({ place }) => place)];
}
