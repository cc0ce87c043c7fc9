import PQueue from 'p-queue';
import type { Logger } from 'pino';
import { DeliveryError, QuartetError } from '../errors.ts';
import type { ChatPlatform } from '../platforms/chat-platform.ts';
import type { JobEvents } from './job-events.ts';
import type { EndingStore, Telling } from './job-store.ts';
import { retryDelay, retryPolicies } from './retry-policies.ts';

/** Times and bounds of the delivery. */
export interface DeliveryTimes {
  /** Longest that a platform may take for one ending. @default 60_000 */
  readonly timeoutMs?: number;
  /** Looks for untold endings when nothing wakes it. @default 1_000 */
  readonly pollMs?: number;
  /** Endings told at once on one platform. @default 4 */
  readonly concurrency?: number;
}

/** Tells people how their jobs ended. */
export interface Delivery {
  start(platforms: readonly ChatPlatform[]): Promise<void>;
  /** Something may be there to be told. */
  wake(): void;
  /** Begin no more; wait up to `deadlineMs` for what is under way, then stop it; told later. Idempotent. */
  drain(deadlineMs: number): Promise<void>;
}

/** What the delivery needs. */
export interface DeliveryOptions extends DeliveryTimes {
  readonly store: EndingStore;
  readonly events: JobEvents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly random: () => number;
  /** No other process can be telling. */
  readonly soleProcess: boolean;
  /** Whether prompts may stand in the log. */
  readonly logPrompts: boolean;
}

const defaults = { timeoutMs: 60_000, pollMs: 1_000, concurrency: 4 } as const satisfies Required<DeliveryTimes>;

/** How long a platform may take to notice that it is to stop. */
const stopGraceMs = 2_000;

/** One lane a platform: one that hangs holds nobody else up. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { store, events, logger, clock, random } = options;
  const { timeoutMs, pollMs, concurrency } = { ...defaults, ...options };
  // Longer than a telling can take: an ending is never told by two at once.
  const leaseMs = 2 * timeoutMs;
  const stopped = new AbortController();
  let lanes: readonly Lane[] = [];
  let timer: NodeJS.Timeout | null = null;
  let stopping = false;
  let draining: Promise<void> | null = null;

  const tell = async (platform: ChatPlatform, telling: Telling): Promise<void> => {
    const { job } = telling;
    try {
      const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(timeoutMs)]);
      const receipt = await untilAborted(platform.deliver(job, { signal }), signal);
      const told = await store.saveTold(telling, receipt.message, clock());
      if (told === null) return;
      if (told.state === 'delivered') events.state(told);
      log(job, told.state);
    } catch (error) {
      await notTold(telling, error);
    }
  };

  const notTold = async (telling: Telling, error: unknown): Promise<void> => {
    const { job, attempt } = telling;
    if (stopped.signal.aborted) return store.postponeTelling(telling, 0);
    const { maxAttempts, giveUpAfterMs } = retryPolicies.deliver;
    const isFinal = error instanceof QuartetError && !error.retryable;
    const endedAt = job.state === 'drawn' ? job.drawnAt : job.endedAt;
    if (isFinal || attempt >= maxAttempts || clock() - endedAt > giveUpAfterMs) {
      await store.giveUpTelling(telling);
      logger.error({ err: error, jobId: job.id, attempt }, 'could not tell how a job ended, gave up');
      log(job, 'undeliverable');
      return;
    }
    const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
    const delay = retryDelay(retryPolicies.deliver, attempt, random, asked);
    logger.warn(
      { err: error, jobId: job.id, attempt, retryMs: delay },
      'could not tell how a job ended, will try again',
    );
    await store.postponeTelling(telling, clock() + delay);
  };

  const log = (job: Telling['job'], state: string): void => {
    const { request } = job;
    logger.info(
      {
        jobId: job.id,
        action: request.action,
        state,
        model: request.model,
        count: request.count,
        steps: request.steps,
        ...(job.state === 'drawn' ? { drawMs: job.drawing.timings.totalMs } : {}),
        ...(job.state === 'failed' ? { code: job.failure.code } : {}),
        totalMs: clock() - job.createdAt,
        ...(options.logPrompts ? { prompt: request.prompt } : {}),
      },
      'job ended',
    );
  };

  const createLane = (platform: ChatPlatform): Lane => {
    const slots = new PQueue({ concurrency });
    let pumping: Promise<void> | null = null;
    let pumpAgain = false;

    const wake = (): void => {
      if (pumping !== null) {
        pumpAgain = true;
        return;
      }
      pumpAgain = false;
      pumping = pump()
        .catch((error: unknown) => logger.warn({ err: error }, 'could not look for untold endings'))
        .finally(() => {
          pumping = null;
          if (pumpAgain) wake();
        });
    };

    const pump = async (): Promise<void> => {
      while (!stopping && slots.size + slots.pending < concurrency) {
        const telling = await store.claimEnding(platform.name, { now: clock(), leaseMs });
        if (telling === null) return;
        const attempt = () =>
          tell(platform, telling).catch((error: unknown) =>
            // The lease ends by itself, and the platform knows by the job's id whether it has told.
            logger.error({ err: error, jobId: telling.job.id }, 'could not write down what was told'),
          );
        void slots.add(attempt).finally(wake);
      }
    };

    return {
      wake,
      async idle() {
        await pumping;
        await slots.onIdle();
      },
    };
  };

  const drain = async (deadlineMs: number): Promise<void> => {
    stopping = true;
    if (timer !== null) clearInterval(timer);
    const stop = setTimeout(() => stopped.abort(new Error('the process ends')), deadlineMs);
    const abandon = Promise.withResolvers<void>();
    const abandonTimer = setTimeout(abandon.resolve, deadlineMs + stopGraceMs);
    await Promise.race([Promise.all(lanes.map((lane) => lane.idle())), abandon.promise]);
    clearTimeout(stop);
    clearTimeout(abandonTimer);
  };

  const wake = (): void => {
    for (const lane of lanes) lane.wake();
  };

  return {
    async start(platforms) {
      if (options.soleProcess) await store.reclaimEndings();
      lanes = platforms.map(createLane);
      timer = setInterval(wake, pollMs);
      wake();
    },
    wake,
    drain: (deadlineMs) => (draining ??= drain(deadlineMs)),
  };
}

interface Lane {
  wake(): void;
  idle(): Promise<void>;
}

/** A platform that does not heed the signal is not waited for. */
function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(new DeliveryError('delivery_timeout', 'The platform did not answer in time.', { retryable: true }));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
