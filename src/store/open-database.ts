import type { Logger } from 'pino';
import { ConfigError, StoreError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { Database } from './database.ts';
import { createEmbeddedDatabase } from './embedded-database.ts';
import { migrate } from './migrate.ts';
import { createServerDatabase } from './server-database.ts';

/** Where the database is. */
export interface OpenDatabaseOptions {
  /** A PostgreSQL server; without it the embedded one in `dataDir` is used. */
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
  readonly logger: Logger;
}

/** Open the database and bring its schema up to date. */
export async function openDatabase({ databaseUrl, dataDir, logger }: OpenDatabaseOptions): Promise<Database> {
  await makeFolder(dataDir);
  const database =
    databaseUrl === undefined ? await createEmbeddedDatabase(dataDir) : createServerDatabase({ databaseUrl, logger });
  try {
    const applied = await migrate(database);
    if (applied.length > 0) logger.info({ applied }, 'database schema brought up to date');
    return database;
  } catch (error) {
    await database.close();
    throw databaseUrl === undefined ? error : explained(error, database.name);
  }
}

// Wrong user or password, no such database: https://www.postgresql.org/docs/current/errcodes-appendix.html
const notLetIn = /^(?:28|3D)/;

/** At start nobody waits for a server to come back: whoever set it up wants to know what is wrong with it. */
function explained(error: unknown, name: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (error.code !== 'database_unavailable' && !notLetIn.test(code)) return error;
  const message = cause instanceof Error ? cause.message : error.message;
  return new ConfigError([
    `DATABASE_URL: expected a PostgreSQL ${name} that lets Quartet in, got: ${message || code}.`,
  ]);
}
