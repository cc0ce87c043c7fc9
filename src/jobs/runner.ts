import PQueue from 'p-queue';
import type { EngineTrouble } from '../engines/image-engine.ts';
import { attemptDrawing, type DrawingParts, StopDrawing } from './drawing-attempt.ts';
import type { DrawingJob, JobId } from './job.ts';
import { retryPolicies } from './retry-policies.ts';

/** Times of the runner. */
export interface RunnerTimes {
  /** A drawing that nobody renews for so long is taken over. @default 30_000 */
  readonly leaseMs?: number;
  /** Looks for work when nothing wakes it, and asks an engine that is not ready whether it is. @default 1_000 */
  readonly pollMs?: number;
  /** Asks a healthy engine for its health. @default 10_000 */
  readonly healthMs?: number;
  /** Longest that the engine may take to tell its health. @default 5_000 */
  readonly healthTimeoutMs?: number;
}

/** Draws waiting jobs. */
export interface Runner {
  start(): Promise<void>;
  /** Something may be there to be drawn. */
  wake(): void;
  /** Stop a drawing of this process; false where it is not being drawn here. */
  stop(id: JobId): boolean;
  /** Why nothing new is begun at present, if so. */
  pausedBecause(): EngineTrouble | null;
  /** Begin no more; wait up to `deadlineMs` for what is under way, then hand it back. Idempotent. */
  drain(deadlineMs: number): Promise<void>;
}

/** What the runner needs. */
export interface RunnerOptions extends DrawingParts, RunnerTimes {
  /** No other process can be drawing from this store. */
  readonly soleProcess: boolean;
  /** Drawing was paused, or goes on. */
  readonly onPause: () => void;
}

const defaults = {
  leaseMs: 30_000,
  pollMs: 1_000,
  healthMs: 10_000,
  healthTimeoutMs: 5_000,
} as const satisfies Required<RunnerTimes>;

/** How long an engine may take to notice that a drawing was stopped, before the process ends without it. */
const stopGraceMs = 5_000;

/** The durable queue holds who waits; p-queue holds what the engine has in hand. */
export function createRunner(options: RunnerOptions): Runner {
  const { store, engine, events, logger, clock, soleProcess, onPause } = options;
  const { leaseMs, pollMs, healthMs, healthTimeoutMs } = { ...defaults, ...options };
  const slots = new PQueue({ concurrency: engine.describe().concurrency });
  const running = new Map<JobId, { readonly job: DrawingJob; readonly controller: AbortController }>();
  let paused: EngineTrouble | null = null;
  let healthCheckedAt = Number.NEGATIVE_INFINITY;
  let hasStarted = false;
  let stopping = false;
  let pumping: Promise<void> | null = null;
  let pumpAgain = false;
  let timers: NodeJS.Timeout[] = [];
  let draining: Promise<void> | null = null;

  const wake = (): void => {
    if (!hasStarted) return;
    if (pumping !== null) {
      pumpAgain = true;
      return;
    }
    pumpAgain = false;
    pumping = pump()
      .catch((error: unknown) => logger.warn({ err: error }, 'could not look for waiting jobs'))
      .finally(() => {
        pumping = null;
        if (pumpAgain) wake();
      });
  };

  const pump = async (): Promise<void> => {
    slots.concurrency = engine.describe().concurrency;
    while (!stopping && slots.size + slots.pending < slots.concurrency) {
      await checkHealth();
      if (stopping || paused !== null) return;
      const job = await store.claim({ now: clock(), leaseMs });
      if (job === null) return;
      begin(job);
    }
  };

  const begin = (job: DrawingJob): void => {
    const controller = new AbortController();
    running.set(job.id, { job, controller });
    const attempt = async () => {
      if (stopping) controller.abort(new StopDrawing('handed_back'));
      try {
        await attemptDrawing(job, controller.signal, options);
      } catch (error) {
        // Its lease ends by itself, and the job is drawn again.
        logger.error({ err: error, jobId: job.id }, 'could not write down how a drawing ended');
      } finally {
        running.delete(job.id);
      }
    };
    void slots.add(attempt).finally(() => {
      healthCheckedAt = Number.NEGATIVE_INFINITY;
      wake();
    });
  };

  const checkHealth = async (): Promise<void> => {
    const now = clock();
    // Every new job asks to be drawn: that must not become a question to the engine each.
    if (now - healthCheckedAt < (paused === null ? healthMs : pollMs / 2)) return;
    healthCheckedAt = now;
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => silence.reject(new Error('no answer in time')), healthTimeoutMs);
    const health = await Promise.race([engine.health(), silence.promise])
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'the engine did not tell its health');
        return { ready: false, why: 'silent', detail: 'The engine does not answer.' } as const;
      })
      .finally(() => clearTimeout(timer));
    const before = paused;
    paused = health.ready ? null : health.why;
    if (paused === before) return;
    if (health.ready) logger.info({ detail: health.detail }, 'drawing goes on');
    else logger.warn({ detail: health.detail }, 'drawing is paused');
    onPause();
  };

  const renew = async (): Promise<void> => {
    for (const { job, controller } of running.values()) {
      const held = await store.renew(job, { now: clock(), leaseMs });
      if (!held) controller.abort(new StopDrawing('lost'));
    }
  };

  /** After `renew`, so that what this process draws is never taken from it. */
  const reclaim = async (all: boolean): Promise<void> => {
    const reclaimed = await store.reclaim({
      now: clock(),
      all,
      maxInterruptions: retryPolicies.interruption.maxAttempts,
      failure: {
        code: 'interrupted_too_often',
        message: `The drawing was interrupted ${retryPolicies.interruption.maxAttempts} times.`,
      },
    });
    for (const job of reclaimed) {
      logger.warn({ jobId: job.id, state: job.state }, 'took over a job whose drawing was interrupted');
      events.state(job);
    }
    if (reclaimed.length > 0) wake();
  };

  const keepLeases = singleFlight(async () => {
    await renew();
    if (!stopping) await reclaim(false);
  });

  const drain = async (deadlineMs: number): Promise<void> => {
    stopping = true;
    await pumping;
    const handBack = setTimeout(() => {
      for (const { controller } of running.values()) controller.abort(new StopDrawing('handed_back'));
    }, deadlineMs);
    const abandon = Promise.withResolvers<void>();
    const abandonTimer = setTimeout(abandon.resolve, deadlineMs + stopGraceMs);
    await Promise.race([slots.onIdle(), abandon.promise]);
    clearTimeout(handBack);
    clearTimeout(abandonTimer);
    for (const timer of timers) clearInterval(timer);
    timers = [];
  };

  return {
    async start() {
      if (soleProcess) await reclaim(true);
      hasStarted = true;
      const leases = () => {
        keepLeases().catch((error: unknown) => logger.warn({ err: error }, 'could not renew leases'));
      };
      timers = [setInterval(wake, pollMs), setInterval(leases, leaseMs / 3)];
      wake();
    },
    wake,
    stop(id) {
      const found = running.get(id);
      found?.controller.abort(new StopDrawing('cancelled'));
      return found !== undefined;
    },
    pausedBecause: () => paused,
    drain: (deadlineMs) => (draining ??= drain(deadlineMs)),
  };
}

/** While one call is under way, further ones do nothing. */
function singleFlight(work: () => Promise<void>): () => Promise<void> {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await work();
    } finally {
      isRunning = false;
    }
  };
}
