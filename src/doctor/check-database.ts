import { readdir, statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { StoreError } from '../errors.ts';
import { row } from '../store/database.ts';
import { lockFolder } from '../store/folder-lock.ts';
import { createServerDatabase } from '../store/server-database.ts';
import type { Finding } from './finding.ts';

/** Leases are measured by the processes' own clocks. */
const mostSkewMs = 5_000;
const littleSpaceBytes = 1_073_741_824; // 1 GiB

export interface CheckDatabaseOptions {
  /** Null: the embedded one. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** Looks at the database and the data folder; changes nothing in them. */
export async function checkDatabase(options: CheckDatabaseOptions): Promise<readonly Finding[]> {
  const { databaseUrl, dataDir } = options;
  const folder = await checkFolder(dataDir, databaseUrl === null);
  return databaseUrl === null ? folder : [...folder, ...(await checkServer(databaseUrl, options))];
}

async function checkFolder(dataDir: string, isEmbedded: boolean): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  try {
    const lock = await lockFolder(dataDir);
    lock.release();
    const isNew = !(await readdir(dataDir)).includes('database');
    const what = isEmbedded && isNew ? 'the database will be made there at the first start' : 'it can be written';
    findings.push({ state: 'good', what: `The data folder is ${dataDir}; ${what}.`, advice: null });
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'folder_in_use') throw error;
    findings.push({
      state: 'good',
      what: `The data folder is ${dataDir}; a running Quartet has it open.`,
      advice: null,
    });
  }
  const { bavail, bsize } = await statfs(dataDir);
  if (bavail * bsize < littleSpaceBytes) {
    const free = Math.floor((bavail * bsize) / 1_048_576);
    findings.push({
      state: 'warning',
      what: `Its disk has ${free} MiB left; four pictures take about 2.`,
      advice: 'Free some space, or set RETENTION_DAYS lower.',
    });
  }
  return findings;
}

async function checkServer(databaseUrl: string, { logger, clock }: CheckDatabaseOptions): Promise<readonly Finding[]> {
  const database = createServerDatabase({ databaseUrl, logger });
  try {
    const before = clock();
    const answer = await row(
      database,
      z.object({ version: z.string(), now: z.coerce.number(), schema: z.string().nullable() }),
      `select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as now,
         to_regclass('schema_migrations')::text as schema`,
    );
    const skewMs = (answer?.now ?? 0) - (before + clock()) / 2;
    const known = answer?.schema === null ? 'its tables will be made at the first start' : 'its tables are there';
    const findings: Finding[] = [
      { state: 'good', what: `PostgreSQL ${answer?.version} (${database.name}) answers; ${known}.`, advice: null },
    ];
    if (Math.abs(skewMs) > mostSkewMs) {
      findings.push({
        state: 'warning',
        what: `The database's clock and this machine's differ by ${Math.round(Math.abs(skewMs) / 1_000)} s.`,
        advice: 'Let both keep time by NTP: who may go on with a job is measured by the clock.',
      });
    }
    return findings;
  } finally {
    await database.close();
  }
}
