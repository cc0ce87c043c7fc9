import type { Refusal } from './refusal.ts';
import type { RouteName } from './routing.ts';

/** What the API does instead of answering as it should. */
export interface Misbehaviour {
  /** As in `POST /channels/:channel/messages`. */
  readonly on: RouteName;
  /** How many requests are met with it. @default 1 */
  readonly times?: number;
  /** A status; or one of `refusals`; or never an answer; or a connection that is cut; or the right answer, late. */
  readonly answer: 429 | 500 | 502 | 503 | 504 | Refusal | 'silence' | 'hang up' | 'late';
  /** Nothing is done or answered before this. */
  readonly after?: Promise<unknown>;
  /** Whether what was asked for is done all the same, before the answer goes wrong. @default false */
  readonly workDone?: boolean;
  /** Of 429. @default 1000 */
  readonly retryAfterMs?: number;
  /** Of 429. @default 'user' */
  readonly scope?: 'user' | 'shared' | 'global';
}

/** What the API was told to do wrong, in the order in which it was told. */
export function createMisbehaviours() {
  const planned: { readonly plan: Misbehaviour; left: number }[] = [];
  return {
    add(plan: Misbehaviour): void {
      planned.push({ plan, left: plan.times ?? 1 });
    },
    next(route: RouteName): Misbehaviour | null {
      const entry = planned.find((candidate) => candidate.plan.on === route && candidate.left > 0);
      if (entry === undefined) return null;
      entry.left--;
      return entry.plan;
    },
    clear(): void {
      planned.length = 0;
    },
  };
}
