import type { Message } from './world.ts';

/** How long a nonce is remembered: "the past few minutes". */
const nonceLifeMs = 5 * 60_000;

/** Makes a message with `enforce_nonce` once, however often it is asked for, also at the same time. */
export interface Nonces {
  /** Null: there is nothing to tell it by. */
  once(key: string | null, post: () => Promise<Message>): Promise<Message>;
}

/** No nonce has been seen yet. */
export function createNonces(now: () => number): Nonces {
  const seen = new Map<string, { readonly message: Promise<Message>; readonly at: number }>();
  return {
    async once(key, post) {
      if (key === null) return post();
      const before = seen.get(key);
      if (before !== undefined && before.at > now() - nonceLifeMs) return before.message;
      const message = post();
      seen.set(key, { message, at: now() });
      // What was refused was not posted.
      message.catch(() => seen.delete(key));
      return message;
    },
  };
}
