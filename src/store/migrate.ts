import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { StoreError } from '../errors.ts';
import { type Database, row } from './database.ts';

const folder = new URL('./migrations/', import.meta.url);
const namePattern = /^(\d{4})_[a-z_]+\.sql$/;
// Any number that nothing else in the database uses.
const migrationLock = 4_701_190_001;

/** Bring the schema up to date; safe to run by several processes at once, and again. Returns what it applied. */
export async function migrate(database: Database): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => namePattern.test(name)).sort();
  return database.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1::bigint)', [migrationLock]);
    await sql.script(
      'create table if not exists schema_migrations (number integer primary key, name text not null, applied_at timestamptz not null default now())',
    );
    const applied = await row(
      sql,
      z.object({ number: z.coerce.number() }),
      'select coalesce(max(number), 0) as number from schema_migrations',
    );
    const current = applied?.number ?? 0;
    if (current > names.length) {
      throw new StoreError(
        'schema_too_new',
        `Expected a database of schema ${names.length} or older, got ${current}: a newer Quartet has used it; run that one.`,
      );
    }
    const missing = names.slice(current);
    for (const name of missing) {
      await sql.script(await readFile(new URL(name, folder), 'utf8'));
      await sql.query('insert into schema_migrations (number, name) values ($1, $2)', [Number(name.slice(0, 4)), name]);
    }
    return missing;
  });
}
