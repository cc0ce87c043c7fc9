import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
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
  await mkdir(dataDir, { recursive: true });
  const database =
    databaseUrl === undefined ? await createEmbeddedDatabase(dataDir) : createServerDatabase({ databaseUrl, logger });
  try {
    const applied = await migrate(database);
    if (applied.length > 0) logger.info({ applied }, 'database schema brought up to date');
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
