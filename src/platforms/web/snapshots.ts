import type { Logger } from 'pino';
import type { EngineHealth, ImageEngine } from '../../engines/image-engine.ts';
import type { Job, Requester } from '../../jobs/job.ts';
import type { Jobs, QueueOverview } from '../../jobs/jobs.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';
import { type JobView, type ProgressView, standingView } from './job-view.ts';
import { webLimits } from './limits.ts';
import type { PageEvent } from './outbox.ts';
import type { Streams } from './streams.ts';

export interface SnapshotsOptions {
  readonly jobs: Pick<Jobs, 'recent' | 'overview'>;
  readonly engine: Pick<ImageEngine, 'describe' | 'health'>;
  readonly streams: Streams;
  readonly view: (job: Job) => JobView;
  readonly logger: Logger;
}

/** The state of the queue as the page shows it. */
export interface StatusView {
  readonly waiting: number;
  readonly drawing: number;
  readonly delivered: number;
  /** A sentence, while nothing new is begun. */
  readonly paused: string | null;
  /** Ids of the models on offer: when they change, the page asks for the world anew. */
  readonly models: readonly string[];
  readonly own: readonly { readonly id: string; readonly progress: ProgressView }[];
}

/** What the page is told on connecting, and again whenever the queue has moved. */
export interface Snapshots {
  readonly of: (requester: Requester) => Promise<readonly PageEvent[]>;
  /** Sends everything anew to this viewer's open pages. */
  resend(requester: Requester): void;
  /** Tells all viewers where they stand, at most every `webLimits.statusEveryMs`. */
  refreshSoon(): void;
  start(): void;
  close(): void;
}

/** Composes snapshots and status events; a database that is away delays them and breaks nothing. */
export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { jobs, streams, view, logger } = options;
  let soon: NodeJS.Timeout | null = null;
  let regularly: NodeJS.Timeout | null = null;

  async function status(requester: Requester, health: EngineHealth): Promise<PageEvent> {
    const overview = await jobs.overview(requester);
    const models = options.engine.describe().models.map(({ id }) => id);
    const messages = messagesFor(requester.locale);
    return { event: 'status', key: 'status', data: statusView(overview, health, models, messages) };
  }

  async function of(requester: Requester): Promise<readonly PageEvent[]> {
    const recent = await jobs.recent(requester, { limit: webLimits.pageSize });
    const snapshot: PageEvent = {
      event: 'snapshot',
      key: 'snapshot',
      data: { jobs: recent.map(view), hasMore: recent.length === webLimits.pageSize },
    };
    return [snapshot, await status(requester, await options.engine.health())];
  }

  async function refresh(): Promise<void> {
    try {
      const viewers = streams.viewers();
      if (viewers.length === 0) return;
      const health = await options.engine.health();
      // All at once: they share one reading of the line-up.
      const send = async (viewer: Requester) => streams.send(viewer.userId, await status(viewer, health));
      await Promise.all(viewers.map(send));
    } catch (error) {
      logger.warn({ err: error }, 'the state of the queue could not be read for the playground');
    }
  }

  return {
    of,
    resend(requester) {
      of(requester)
        .then((events) => {
          for (const event of events) streams.send(requester.userId, event);
        })
        .catch((error: unknown) => logger.warn({ err: error }, 'a snapshot could not be read for the playground'));
    },
    refreshSoon() {
      soon ??= setTimeout(() => {
        soon = null;
        void refresh();
      }, webLimits.statusEveryMs);
    },
    start() {
      regularly ??= setInterval(() => void refresh(), webLimits.statusAtLeastEveryMs);
    },
    close() {
      if (soon !== null) clearTimeout(soon);
      if (regularly !== null) clearInterval(regularly);
      soon = null;
      regularly = null;
    },
  };
}

function statusView(
  overview: QueueOverview,
  health: EngineHealth,
  models: readonly string[],
  messages: Messages,
): StatusView {
  // What draws may know of it later than the engine itself.
  const pausedBecause = overview.pausedBecause ?? (health.ready ? null : health.why);
  return {
    waiting: overview.waiting,
    drawing: overview.drawing,
    delivered: overview.delivered,
    paused: pausedBecause === null ? null : messages.paused[pausedBecause],
    models,
    own: overview.own.map(({ job, standing }) => ({ id: job.id, progress: standingView(standing, messages) })),
  };
}
