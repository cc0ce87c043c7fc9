import { z } from 'zod';
import { checkIntake, quotaWindowMs } from '../jobs/intake-limits.ts';
import type { QueuedJob } from '../jobs/job.ts';
import type { IntakeLimits, IntakeStore } from '../jobs/job-store.ts';
import { type Owner, ownerOf, quotaKeyOf } from '../jobs/owner.ts';
import { type Database, row, rows, type Sql } from './database.ts';
import { jobColumns, jobRow } from './job-row.ts';
import { lockJob, lockQueue } from './jobs-table.ts';

/** Taking jobs in, on PostgreSQL. */
export function createIntake(database: Database): IntakeStore {
  return {
    submit: (job, limits) =>
      database.transaction(async (sql) => {
        const owner = ownerOf(job.requester);
        // Before the look-up: the second of two equal events waits here until the first has committed.
        await lockQueue(sql);
        const first = await row(
          sql,
          jobRow,
          `select ${jobColumns} from jobs where owner = $1 and idempotency_key = $2`,
          [owner, job.idempotencyKey],
        );
        if (first !== null) return { job: first, created: false };
        await checkLimits(sql, job, owner, limits);
        await insert(sql, job, owner);
        return { job, created: true };
      }),

    setReplyMessage: (id, message) =>
      database.transaction(async (sql) => {
        const job = await lockJob(sql, id);
        if (job === null) return null;
        const replyTo = { ...job.replyTo, message };
        await sql.query('update jobs set reply_to = $2::text::jsonb where id = $1', [id, JSON.stringify(replyTo)]);
        return { ...job, replyTo };
      }),
  };
}

async function checkLimits(sql: Sql, job: QueuedJob, owner: Owner, limits: IntakeLimits): Promise<void> {
  const since = job.createdAt - quotaWindowMs;
  const counts = await row(
    sql,
    z.object({ waiting: z.coerce.number(), own: z.coerce.number() }),
    `select (select count(*) from jobs where state = 'queued') as waiting,
       (select count(*) from jobs where owner = $1 and state in ('queued', 'drawing')) as own`,
    [owner],
  );
  const uses = await rows(
    sql,
    z.object({ pictures: z.coerce.number(), used_at: z.coerce.number() }),
    'select pictures, used_at from quota_uses where quota_key = $1 and used_at > $2 order by used_at',
    [quotaKeyOf(owner), since],
  );
  checkIntake(
    {
      waiting: counts?.waiting ?? 0,
      own: counts?.own ?? 0,
      uses: uses.map(({ pictures, used_at }) => ({ pictures, at: used_at })),
      wanted: job.request.count,
      now: job.createdAt,
    },
    limits,
  );
}

async function insert(sql: Sql, job: QueuedJob, owner: Owner): Promise<void> {
  // The turn first: whoever has a fresh job waiting keeps the turn they have.
  await sql.query(
    `insert into turns (owner) values ($1) on conflict (owner) do update set turn = nextval('turn_numbers')
     where not exists (select from jobs where owner = $1 and state = 'queued' and attempt = 0)`,
    [owner],
  );
  await sql.query(
    `insert into jobs (id, owner, idempotency_key, platform, state, request, requester, reply_to, created_at)
     values ($1, $2, $3, $4, 'queued', $5::text::jsonb, $6::text::jsonb, $7::text::jsonb, $8)`,
    [
      job.id,
      owner,
      job.idempotencyKey,
      job.replyTo.platform,
      JSON.stringify(job.request),
      JSON.stringify(job.requester),
      JSON.stringify(job.replyTo),
      job.createdAt,
    ],
  );
  await sql.query('delete from quota_uses where used_at <= $1', [job.createdAt - quotaWindowMs]);
  await sql.query('insert into quota_uses (job, quota_key, pictures, used_at) values ($1, $2, $3, $4)', [
    job.id,
    quotaKeyOf(owner),
    job.request.count,
    job.createdAt,
  ]);
  if (job.request.init !== null) {
    await sql.query('update uploads set used_at = $2 where key = $1', [job.request.init.picture, job.createdAt]);
  }
}
