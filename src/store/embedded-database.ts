import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { StoreError } from '../errors.ts';
import type { Database, Sql } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { toStoreError } from './store-error.ts';

/** Open the PostgreSQL in WebAssembly that lives in `dataDir`; refuses while another process has it open. */
export async function createEmbeddedDatabase(dataDir: string): Promise<Database> {
  // Before PGlite touches the folder: two of them on one folder destroy each other's rows without an error.
  const lock = await lockFolder(dataDir);
  const folder = join(dataDir, 'database');
  const pglite = await open(folder).catch((error: unknown) => {
    lock.release();
    throw new StoreError(
      'database_damaged',
      `Expected a database in ${folder}, but it does not open: restore it from a backup, or move it away to begin anew.`,
      { cause: error },
    );
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

function open(folder: string): Promise<PGlite> {
  return PGlite.create({
    dataDir: folder,
    // `-F` turns fsync off: an accepted job must survive the machine losing power.
    startParams: [...PGlite.defaultStartParams.filter((param) => param !== '-F'), '-c', 'fsync=on'],
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
