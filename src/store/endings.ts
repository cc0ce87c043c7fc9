import { z } from 'zod';
import { QuartetError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { EndingStore, Telling } from '../jobs/job-store.ts';
import { markDelivered } from '../jobs/transitions.ts';
import { type Database, row } from './database.ts';
import { jobColumns, jobRow } from './job-row.ts';
import { writeJob } from './jobs-table.ts';

const attemptColumn = z.object({ telling_attempt: z.number() });
const tellingRow = z
  .unknown()
  .transform((value) => ({ job: jobRow.parse(value), attempt: attemptColumn.parse(value).telling_attempt }));

/** Telling people how jobs ended, on PostgreSQL. */
export function createEndings(database: Database): EndingStore {
  return {
    async claimEnding(platform, { now, leaseMs }) {
      // One statement: it is asked more often than there is something to tell.
      const claimed = await row(
        database,
        tellingRow,
        `update jobs set telling_lease_until = $3, telling_attempt = telling_attempt + 1
         where id = (
           select id from jobs
           where telling = 'due' and platform = $1 and telling_not_before <= $2 and telling_lease_until < $2
           order by coalesce(drawn_at, ended_at), position limit 1 for update skip locked)
         returning ${jobColumns}, telling_attempt`,
        [platform, now, now + leaseMs],
      );
      return claimed === null ? null : { job: toEnding(claimed.job), attempt: claimed.attempt };
    },

    saveTold: ({ job: { id }, attempt }, message, now) =>
      database.transaction(async (sql) => {
        const job = await row(
          sql,
          jobRow,
          `select ${jobColumns} from jobs where id = $1 and telling = 'due' and telling_attempt = $2 for update`,
          [id, attempt],
        );
        if (job === null) return null;
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
