import type { Logger } from 'pino';
import type { JobId } from './job.ts';
import type { JobEvents } from './job-events.ts';
import type { Standing } from './jobs.ts';
import type { Lineup } from './lineup.ts';

/** Tells those who wait when their place has changed. */
export interface Announcer {
  start(): void;
  /** The line has moved, or stands still, or goes on. */
  moved(): void;
  close(): Promise<void>;
}

/** Reads the line-up at most once in `intervalMs`, and only when the line has moved. */
export function createAnnouncer(options: {
  readonly readLineup: () => Promise<Lineup>;
  readonly events: JobEvents;
  readonly logger: Logger;
  /** @default 1_000 */
  readonly intervalMs?: number;
}): Announcer {
  const { readLineup, events, logger } = options;
  let shown = new Map<JobId, Standing>();
  let hasMoved = true;
  let timer: NodeJS.Timeout | null = null;
  let announcing: Promise<void> | null = null;

  const announce = async (): Promise<void> => {
    hasMoved = false;
    const { waiting, standings } = await readLineup();
    const now = new Map<JobId, Standing>();
    for (const { job, resumed } of waiting) {
      const standing = standings.get(job.id);
      if (standing === undefined) continue;
      now.set(job.id, standing);
      const before = shown.get(job.id);
      const isPauseNew = (before?.pausedBecause ?? null) !== standing.pausedBecause;
      // One that was interrupted shows why it waits, not a place, unless all of them wait for something else.
      if (isPauseNew || (!resumed && before?.place !== standing.place)) {
        events.progress(job, { phase: 'waiting', ...standing });
      }
    }
    shown = now;
  };

  const tick = (): void => {
    if (!hasMoved || announcing !== null) return;
    announcing = announce()
      .catch((error: unknown) => {
        hasMoved = true;
        logger.warn({ err: error }, 'could not tell those who wait their place');
      })
      .finally(() => {
        announcing = null;
      });
  };

  return {
    start() {
      timer ??= setInterval(tick, options.intervalMs ?? 1_000);
      tick();
    },
    moved: () => {
      hasMoved = true;
    },
    async close() {
      if (timer !== null) clearInterval(timer);
      await announcing;
    },
  };
}
