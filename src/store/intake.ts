import { z } from 'zod';
import { LimitError } from '../errors.ts';
import { checkIntake, quotaWindowMs } from '../jobs/intake-limits.ts';
import type { QueuedJob } from '../jobs/job.ts';
import type { IntakeLimits, IntakeStore } from '../jobs/job-store.ts';
import { type Owner, ownerOf, quotaKeyOf } from '../jobs/owner.ts';
import { inBatches } from './batches.ts';
import { type Database, row, type Sql } from './database.ts';
import { jobColumns, jobRow } from './job-row.ts';
import { lockJob, lockQueue } from './jobs-table.ts';

interface Wanted {
  readonly job: QueuedJob;
  readonly limits: IntakeLimits;
}

type Accepted = Awaited<ReturnType<IntakeStore['submit']>>;

// Few enough to be done well within a server's deadline.
const maxBatch = 50;

/** Taking jobs in, on PostgreSQL. */
export function createIntake(database: Database): IntakeStore {
  // One commit waits for the disk once: of 500 people who ask at the same moment, most share it.
  const submitTogether = inBatches(maxBatch, (wanted: readonly Wanted[]) =>
    database.transaction(async (sql) => {
      // Before the look-up: the second of two equal events waits here until the first has committed.
      await lockQueue(sql);
      const answers: PromiseSettledResult<Accepted>[] = [];
      for (const one of wanted) answers.push(await accept(sql, one));
      return answers;
    }),
  );
  return {
    submit: (job, limits) => submitTogether({ job, limits }),

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

/** A refusal is this job's own; any other error undoes the whole transaction. */
async function accept(sql: Sql, { job, limits }: Wanted): Promise<PromiseSettledResult<Accepted>> {
  const owner = ownerOf(job.requester);
  const first = await row(sql, jobRow, `select ${jobColumns} from jobs where owner = $1 and idempotency_key = $2`, [
    owner,
    job.idempotencyKey,
  ]);
  if (first !== null) return { status: 'fulfilled', value: { job: first, created: false } };
  try {
    await checkLimits(sql, job, owner, limits);
  } catch (error) {
    if (error instanceof LimitError) return { status: 'rejected', reason: error };
    throw error;
  }
  await insert(sql, job, owner);
  return { status: 'fulfilled', value: { job, created: true } };
}

const counted = z.object({
  waiting: z.coerce.number(),
  own: z.coerce.number(),
  uses: z.array(z.object({ pictures: z.number(), at: z.number() })),
});

async function checkLimits(sql: Sql, job: QueuedJob, owner: Owner, limits: IntakeLimits): Promise<void> {
  const counts = await row(
    sql,
    counted,
    `select (select count(*) from jobs where state = 'queued') as waiting,
       (select count(*) from jobs where owner = $1 and state in ('queued', 'drawing')) as own,
       (select coalesce(json_agg(json_build_object('pictures', pictures, 'at', used_at) order by used_at), '[]')
        from quota_uses where quota_key = $2 and used_at > $3) as uses`,
    [owner, quotaKeyOf(owner), job.createdAt - quotaWindowMs],
  );
  if (counts !== null) checkIntake({ ...counts, wanted: job.request.count, now: job.createdAt }, limits);
}

/** One statement: each of its parts sees what was there before it, so the job itself does not count as waiting. */
async function insert(sql: Sql, job: QueuedJob, owner: Owner): Promise<void> {
  await sql.query(
    `with turn as (
       insert into turns (owner) values ($2) on conflict (owner) do update set turn = nextval('turn_numbers')
       where not exists (select from jobs where owner = $2 and state = 'queued' and attempt = 0)
     ), outdated as (
       delete from quota_uses where used_at <= $9
     ), quota as (
       insert into quota_uses (job, quota_key, pictures, used_at) values ($1, $10, $11, $8)
     ), upload as (
       update uploads set used_at = $8 where key = $12
     )
     insert into jobs (id, owner, idempotency_key, platform, state, request, requester, reply_to, created_at)
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
      job.createdAt - quotaWindowMs,
      quotaKeyOf(owner),
      job.request.count,
      job.request.init?.picture ?? null,
    ],
  );
}
