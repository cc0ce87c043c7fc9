import { setTimeout as delay } from 'node:timers/promises';
import { toDeliveryError } from './errors.ts';

/** Longer than this is for the job core to wait, which forgets nothing when the process ends. */
const longestWaitMs = 10_000;
const maxWaits = 5;

/**
 * Does something as soon as Slack allows it: a call that was refused for being one too many was not carried out, so it
 * may be made again. Throws `DeliveryError`.
 */
export async function whenAllowed<Result>(act: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (let waits = 0; ; waits++) {
    try {
      return await act();
    } catch (error) {
      const { code, retryAfterMs } = toDeliveryError(error);
      const isSoon = code === 'slack_rate_limited' && retryAfterMs !== null && retryAfterMs <= longestWaitMs;
      if (!isSoon || waits >= maxWaits) throw toDeliveryError(error);
      await delay(retryAfterMs, undefined, signal === undefined ? {} : { signal }).catch(() =>
        signal?.throwIfAborted(),
      );
    }
  }
}
