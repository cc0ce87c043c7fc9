import { DeliveryError } from '../errors.ts';

/** How many edits a platform allows. */
export interface EditBudgetOptions {
  /** Edits of one bucket within `windowMs`. Minimum: 1. */
  readonly limit: number;
  readonly windowMs: number;
  /** Told of edits that failed; the next newer one is tried all the same. */
  readonly onError: (error: unknown, id: string) => void;
  readonly clock: () => number;
}

/** Sends the newest of many edits, never more than a platform allows. */
export interface EditBudget {
  /** Edit message `id` as soon as `bucket` (a channel, a workspace) has room; an older edit of it that waits is dropped. */
  put(bucket: string, id: string, edit: () => Promise<void>): void;
  /** Forget what waits for `id`, and resolve when nothing of it is under way: what comes next cannot be overtaken. */
  settle(id: string): Promise<void>;
  /** Forget everything that waits, and resolve when nothing is under way. */
  close(): Promise<void>;
}

interface Bucket {
  /** The newest edit of each message, in the order in which the messages get their turn. */
  readonly waiting: Map<string, () => Promise<void>>;
  /** When the last edits were sent, oldest first. */
  readonly sent: number[];
  notBefore: number;
  timer: NodeJS.Timeout | null;
}

/** Edits are coalesced by message, and messages of one bucket take turns. */
export function createEditBudget(options: EditBudgetOptions): EditBudget {
  const { limit, windowMs, clock, onError } = options;
  const buckets = new Map<string, Bucket>();
  const underWay = new Map<string, Promise<void>>();

  const waitMs = ({ sent, notBefore }: Bucket): number => {
    const now = clock();
    while (sent[0] !== undefined && sent[0] <= now - windowMs) sent.shift();
    const oldest = sent.length < limit ? now : (sent[0] ?? now) + windowMs;
    return Math.max(oldest, notBefore) - now;
  };

  const pump = (name: string, bucket: Bucket): void => {
    if (bucket.timer !== null) return;
    // A message whose edit is under way waits for it, so that edits arrive in their order.
    const next = [...bucket.waiting].find(([id]) => !underWay.has(id));
    if (next === undefined) {
      if (bucket.waiting.size === 0 && waitMs(bucket) <= 0 && bucket.sent.length === 0) buckets.delete(name);
      return;
    }
    const ms = waitMs(bucket);
    if (ms > 0) {
      bucket.timer = setTimeout(() => {
        bucket.timer = null;
        pump(name, bucket);
      }, ms);
      bucket.timer.unref();
      return;
    }
    const [id, edit] = next;
    bucket.waiting.delete(id);
    bucket.sent.push(clock());
    const sending = send(id, edit, bucket).finally(() => {
      underWay.delete(id);
      pump(name, bucket);
    });
    underWay.set(id, sending);
    pump(name, bucket);
  };

  const send = async (id: string, edit: () => Promise<void>, bucket: Bucket): Promise<void> => {
    try {
      await edit();
    } catch (error) {
      if (error instanceof DeliveryError && error.retryAfterMs !== null) {
        bucket.notBefore = Math.max(bucket.notBefore, clock() + error.retryAfterMs);
      }
      onError(error, id);
    }
  };

  const forget = (id: string): void => {
    for (const { waiting } of buckets.values()) waiting.delete(id);
  };

  return {
    put(name, id, edit) {
      const bucket = buckets.get(name) ?? { waiting: new Map(), sent: [], notBefore: 0, timer: null };
      buckets.set(name, bucket);
      // Setting a key that is there keeps its turn.
      bucket.waiting.set(id, edit);
      pump(name, bucket);
    },
    async settle(id) {
      forget(id);
      await underWay.get(id);
    },
    async close() {
      for (const { waiting, timer } of buckets.values()) {
        waiting.clear();
        if (timer !== null) clearTimeout(timer);
      }
      await Promise.all(underWay.values());
      buckets.clear();
    },
  };
}
