import { z } from 'zod';
import { schedulerNames, speedNames } from '../engines/image-engine.ts';
import type { MemoryOfPeopleStore } from '../jobs/job-store.ts';
import type { UserSettings } from '../jobs/jobs.ts';
import type { Owner } from '../jobs/owner.ts';
import { inBatches } from './batches.ts';
import { type Database, rows } from './database.ts';
import { ownerColumn } from './job-row.ts';

const settingsColumn = z
  .object({
    count: z.number().exactOptional(),
    steps: z.number().exactOptional(),
    guidanceScale: z.number().exactOptional(),
    scheduler: z.enum(schedulerNames).exactOptional(),
    size: z.object({ width: z.number(), height: z.number() }).exactOptional(),
    model: z.string().exactOptional(),
    style: z.string().nullable().exactOptional(),
    negativePrompt: z.string().exactOptional(),
    speed: z.enum(speedNames).exactOptional(),
  })
  .transform((settings): UserSettings => settings);

const settingsRow = z.object({ owner: ownerColumn, settings: settingsColumn });
const estimateRow = z.object({
  kind: z.string(),
  fixed_ms: z.number(),
  step_ms: z.number(),
  samples: z.coerce.number(),
});

const maxBatch = 100;

/** What is remembered about people and speeds, on PostgreSQL. */
export function createPeople(database: Database): MemoryOfPeopleStore {
  // Each drawing that is asked for begins with the asker's own settings.
  const settingsTogether = inBatches(
    maxBatch,
    async (owners: readonly Owner[]): Promise<PromiseSettledResult<UserSettings>[]> => {
      const found = await rows(
        database,
        settingsRow,
        'select owner, settings from user_settings where owner = any($1::text[])',
        [owners],
      );
      const byOwner = new Map(found.map(({ owner, settings }) => [owner, settings]));
      return owners.map((owner) => ({ status: 'fulfilled', value: byOwner.get(owner) ?? {} }));
    },
  );
  return {
    settings: settingsTogether,

    async saveSettings(owner, settings) {
      await database.query(
        `insert into user_settings (owner, settings) values ($1, $2::text::jsonb)
         on conflict (owner) do update set settings = excluded.settings`,
        [owner, JSON.stringify(settings)],
      );
    },

    async estimates() {
      const found = await rows(database, estimateRow, 'select kind, fixed_ms, step_ms, samples from estimates');
      return new Map(
        found.map(({ kind, fixed_ms, step_ms, samples }) => [kind, { fixedMs: fixed_ms, stepMs: step_ms, samples }]),
      );
    },

    saveEstimate: (kind, { fixedMs, stepMs, samples }) =>
      database.transaction(async (sql) => {
        // Nobody waits for the disk: one that is lost is measured again with the next drawing.
        await sql.query('set local synchronous_commit = off');
        await sql.query(
          `insert into estimates (kind, fixed_ms, step_ms, samples) values ($1, $2, $3, $4)
           on conflict (kind) do update set fixed_ms = excluded.fixed_ms, step_ms = excluded.step_ms, samples = excluded.samples`,
          [kind, fixedMs, stepMs, samples],
        );
      }),
  };
}
