import { z } from 'zod';
import { QuartetError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { EndingStore, Telling } from '../jobs/job-store.ts';
import { markDelivered } from '../jobs/transitions.ts';
import { type Database, row } from './database.ts';
import { jobColumns, jobRow } from './job-row.ts';
import { lockJob, writeJob } from './jobs-table.ts';

const tellingRow = z.object({ telling_attempt: z.number() });

/** Telling people how jobs ended, on PostgreSQL. */
export function createEndings(database: Database): EndingStore {
  return {
    claimEnding: (platform, { now, leaseMs }) =>
      database.transaction(async (sql) => {
        const job = await row(
          sql,
          jobRow,
          `select ${jobColumns} from jobs
           where telling = 'due' and platform = $1 and telling_not_before <= $2 and telling_lease_until < $2
           order by coalesce(drawn_at, ended_at), position limit 1 for update skip locked`,
          [platform, now],
        );
        if (job === null) return null;
        const claimed = await row(
          sql,
          tellingRow,
          `update jobs set telling_lease_until = $2, telling_attempt = telling_attempt + 1
           where id = $1 returning telling_attempt`,
          [job.id, now + leaseMs],
        );
        return { job: toEnding(job), attempt: claimed?.telling_attempt ?? 0 };
      }),

    saveTold: ({ job: { id }, attempt }, message, now) =>
      database.transaction(async (sql) => {
        const job = await lockJob(sql, id);
        const held = await sql.query(`select id from jobs where id = $1 and telling = 'due' and telling_attempt = $2`, [
          id,
          attempt,
        ]);
        if (job === null || held.length === 0) return null;
        const ending = toEnding(job);
        if (ending.state !== 'drawn') {
          await sql.query(`update jobs set telling = 'told' where id = $1`, [id]);
          return ending;
        }
        const delivered = markDelivered(ending, message, now);
        await writeJob(sql, delivered);
        return delivered;
      }),

    async postponeTelling({ job, attempt }, notBefore) {
      await database.query(
        `update jobs set telling_not_before = $3, telling_lease_until = 0
         where id = $1 and telling = 'due' and telling_attempt = $2`,
        [job.id, attempt, notBefore],
      );
    },

    async giveUpTelling({ job, attempt }) {
      await database.query(
        `update jobs set telling = 'undeliverable' where id = $1 and telling = 'due' and telling_attempt = $2`,
        [job.id, attempt],
      );
    },

    async reclaimEndings() {
      await database.query(`update jobs set telling_lease_until = 0 where telling = 'due' and telling_lease_until > 0`);
    },
  };
}

function toEnding(job: Job): Telling['job'] {
  if (job.state === 'drawn' || job.state === 'cancelled' || job.state === 'failed') return job;
  throw new QuartetError('illegal_transition', `Expected job ${job.id} to have ended untold, got ${job.state}`);
}
