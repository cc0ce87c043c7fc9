import type { Logger } from 'pino';
import type { PictureKey } from './job.ts';
import type { ArchiveStore } from './job-store.ts';
import type { PictureStore } from './picture-store.ts';

/** Removes what is older than it may be. */
export interface Janitor {
  start(): void;
  /** Once, now; returns how many jobs and pictures went. */
  clean(): Promise<{ readonly jobs: number; readonly pictures: number }>;
  close(): Promise<void>;
}

/** What the janitor needs. */
export interface JanitorOptions {
  readonly store: Pick<ArchiveStore, 'removeOlder' | 'knownPictures'>;
  readonly pictures: PictureStore;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Days that results are kept, 1 and up. */
  readonly retentionDays: number;
  /** @default 3_600_000 */
  readonly intervalMs?: number;
}

const batchSize = 200;
const dayMs = 86_400_000; // 24 hours
// A picture is written before its row is: a younger one may be about to get it.
const orphanAgeMs = 3_600_000; // 1 hour

/** Results, uploads and pictures that belong to nothing. */
export function createJanitor({
  store,
  pictures,
  logger,
  clock,
  retentionDays,
  intervalMs = 3_600_000,
}: JanitorOptions): Janitor {
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let cleaning: Promise<unknown> = Promise.resolve();

  const removeOld = async () => {
    const cutoff = clock() - retentionDays * dayMs;
    const total = { jobs: 0, pictures: 0 };
    while (!stopped.signal.aborted) {
      const removed = await store.removeOlder(cutoff, batchSize);
      // Rows first: a crash here leaves orphans for `sweep`, never a row whose picture is gone.
      total.pictures += await pictures.remove(removed.pictures);
      total.jobs += removed.jobs;
      if (removed.jobs === 0 && removed.pictures.length === 0) break;
    }
    return total;
  };

  const sweep = async () => {
    let removed = 0;
    let batch: PictureKey[] = [];
    const removeUnknown = async () => {
      const known = await store.knownPictures(batch);
      removed += await pictures.remove(batch.filter((key) => !known.has(key)));
      batch = [];
    };
    for await (const key of pictures.list({ writtenBefore: clock() - orphanAgeMs, signal: stopped.signal })) {
      batch.push(key);
      if (batch.length >= batchSize) await removeUnknown();
    }
    await removeUnknown();
    return removed;
  };

  const clean = async () => {
    const old = await removeOld();
    const orphans = await sweep();
    const total = { jobs: old.jobs, pictures: old.pictures + orphans };
    if (total.jobs + total.pictures > 0) logger.info({ ...total, orphans }, 'removed what was too old');
    return total;
  };

  const tick = () => {
    cleaning = clean().catch((error: unknown) => {
      if (!stopped.signal.aborted) logger.warn({ err: error }, 'could not remove what was too old');
    });
  };

  return {
    start() {
      timer ??= setInterval(tick, intervalMs);
      tick();
    },
    clean,
    async close() {
      stopped.abort();
      if (timer !== null) clearInterval(timer);
      await cleaning;
    },
  };
}
