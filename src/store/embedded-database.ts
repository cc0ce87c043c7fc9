import { access, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { StoreError } from '../errors.ts';
import type { Database, Sql } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { toStoreError } from './store-error.ts';
import { SyncedNodeFs, syncedParams } from './synced-node-fs.ts';

/** A new database takes 39 MiB; one that is there opens with less. */
const neededBytes = 41_943_040; // 40 MiB

/** Open the PostgreSQL in WebAssembly that lives in `dataDir`; refuses while another process has it open. */
export async function createEmbeddedDatabase(dataDir: string): Promise<Database> {
  // Before PGlite touches the folder: two of them on one folder destroy each other's rows without an error.
  const lock = await lockFolder(dataDir);
  const folder = join(dataDir, 'database');
  const pglite = await open(folder).catch(async (error: unknown) => {
    lock.release();
    throw (await isFull(dataDir)) ? diskFull(dataDir, error) : damaged(folder, error);
  });
  let closing: Promise<void> | null = null;

  const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (closing !== null) {
      throw new StoreError('database_unavailable', 'The database is closed.', { retryable: true });
    }
    try {
      return await work();
    } catch (error) {
      throw toStoreError(error);
    }
  };

  return {
    name: `embedded (${folder})`,
    exclusive: true,
    query: (text, values) => guarded(() => toSql(pglite).query(text, values)),
    script: (text) => guarded(() => toSql(pglite).script(text)),
    transaction: (work) => guarded(() => pglite.transaction((transaction) => work(toSql(transaction)))),
    close: () =>
      (closing ??= pglite.close().finally(() => {
        lock.release();
      })),
  };
}

/** PGlite says the same of a full disk as of a damaged database, and nobody should throw a whole one away. */
async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < neededBytes;
}

function diskFull(dataDir: string, cause: unknown): StoreError {
  const message = `Expected at least ${neededBytes / 1_048_576} MiB of free space for ${dataDir}, but its disk is full: free some.`;
  return new StoreError('disk_full', message, { cause });
}

function damaged(folder: string, cause: unknown): StoreError {
  const message = `Expected a database in ${folder}, but it does not open: restore it from a backup, or move it away to begin anew.`;
  return new StoreError('database_damaged', message, { cause });
}

async function open(folder: string): Promise<PGlite> {
  const isNew = await access(folder).then(
    () => false,
    () => true,
  );
  if (isNew) await make(folder);
  return openFolder(folder);
}

/** Elsewhere first: a process that is killed in the middle leaves no half-made database in the way of the next one. */
async function make(folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const pglite = await openFolder(unfinished);
  await pglite.close();
  await rename(unfinished, folder);
}

function openFolder(folder: string): Promise<PGlite> {
  return PGlite.create({
    fs: new SyncedNodeFs(folder),
    // `-F` turns fsync off: an accepted job must survive the machine losing power.
    startParams: [...PGlite.defaultStartParams.filter((param) => param !== '-F'), ...syncedParams],
  });
}

function toSql(target: Pick<PGlite, 'query' | 'exec'>): Sql {
  return {
    query: async (text, values = []) => (await target.query(text, [...values])).rows,
    script: async (text) => {
      await target.exec(text);
    },
  };
}
