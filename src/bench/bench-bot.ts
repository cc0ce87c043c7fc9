import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, parseConfig } from '../config.ts';
import { ownParts, type PartSources, type Quartet, startQuartet } from '../main.ts';

/** What every measurement is given. */
export interface BenchTools {
  /** Milliseconds that never go back: everything is timed with it. */
  readonly clock: () => number;
  /** Milliseconds since 1970, for deadlines of calls. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly logger: Logger;
  /** A folder that is removed afterwards. */
  readonly folder: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Starts the whole bot on a new database, with limits that let everything through. */
export async function startBenchBot(
  { folder, logger }: BenchTools,
  engine: Partial<Config>,
  parts: Partial<PartSources>,
): Promise<Quartet> {
  const config: Config = {
    ...parseConfig({}),
    ...engine,
    DATA_DIR: await mkdtemp(join(folder, 'data-')),
    HTTP_PORT: 0,
    MAX_QUEUE: 100_000,
    MAX_JOBS_PER_USER: 1_000,
    DAILY_IMAGES_PER_USER: 100_000,
  };
  return startQuartet(config, logger, { ...ownParts, ...parts });
}
