import type { Database } from '../../src/store/database.ts';

/** Back to what the migrations leave. */
export async function emptyDatabase(database: Database): Promise<void> {
  await database.script(
    'truncate jobs, turns, quota_uses, uploads, user_settings, estimates, counters, installations restart identity',
  );
}
