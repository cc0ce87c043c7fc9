import { z } from 'zod';
import { LimitError } from '../errors.ts';
import { checkIntake, quotaWindowMs } from '../jobs/intake-limits.ts';
import type { Job, QueuedJob } from '../jobs/job.ts';
import type { IntakeLimits, IntakeStore } from '../jobs/job-store.ts';
import { type Owner, ownerOf, quotaKeyOf } from '../jobs/owner.ts';
import { picturesNeeded } from '../jobs/request-pictures.ts';
import { inBatches } from './batches.ts';
import { type Database, rows, type Sql } from './database.ts';
import { jobColumns, jobRow, ownerColumn } from './job-row.ts';
import { lockJob, lockQueue } from './jobs-table.ts';

interface Wanted {
  readonly job: QueuedJob;
  readonly limits: IntakeLimits;
}

type Accepted = Awaited<ReturnType<IntakeStore['submit']>>;

// Few enough to be done well within a server's deadline.
const maxBatch = 100;

/** Taking jobs in, on PostgreSQL. */
export function createIntake(database: Database): IntakeStore {
  // One commit waits for the disk once, and one statement asks for all: 500 people who ask at the same moment share them.
  const submitTogether = inBatches(maxBatch, (wanted: readonly Wanted[]) =>
    database.transaction(async (sql) => {
      // Before the look-up: the second of two equal events waits here until the first has committed.
      await lockQueue(sql);
      const ledger = await openLedger(sql, wanted);
      const answers = wanted.map((one) => settle(one, ledger));
      if (ledger.accepted.length > 0) await insert(sql, ledger.accepted);
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

/** What the database knew when a batch began, kept up to date while its jobs are taken in one after another. */
interface Ledger {
  readonly first: Map<string, Job>;
  waiting: number;
  readonly people: Map<Owner, { own: number; readonly uses: { readonly pictures: number; readonly at: number }[] }>;
  readonly accepted: QueuedJob[];
}

const peopleRow = z.object({
  owner: ownerColumn,
  waiting: z.coerce.number(),
  own: z.coerce.number(),
  uses: z.array(z.object({ pictures: z.number(), at: z.number() })),
});

async function openLedger(sql: Sql, wanted: readonly Wanted[]): Promise<Ledger> {
  const first = await rows(
    sql,
    jobRow,
    `select ${jobColumns} from jobs
     join unnest($1::text[], $2::text[]) as asked (owner, idempotency_key) using (owner, idempotency_key)`,
    [wanted.map(({ job }) => ownerOf(job.requester)), wanted.map(({ job }) => job.idempotencyKey)],
  );
  const owners = [...new Set(wanted.map(({ job }) => ownerOf(job.requester)))];
  const people = await rows(
    sql,
    peopleRow,
    `select owner, (select count(*) from jobs where state = 'queued') as waiting,
       (select count(*) from jobs where jobs.owner = people.owner and state in ('queued', 'drawing')) as own,
       (select coalesce(json_agg(json_build_object('pictures', pictures, 'at', used_at) order by used_at), '[]')
        from quota_uses where quota_uses.quota_key = people.quota_key) as uses
     from unnest($1::text[], $2::text[]) as people (owner, quota_key)`,
    [owners, owners.map(quotaKeyOf)],
  );
  return {
    first: new Map(first.map((job) => [keyOf(job), job])),
    waiting: people[0]?.waiting ?? 0,
    people: new Map(people.map(({ owner, own, uses }) => [owner, { own, uses }])),
    accepted: [],
  };
}

/** A refusal is this job's own and leaves the others of the batch alone. */
function settle({ job, limits }: Wanted, ledger: Ledger): PromiseSettledResult<Accepted> {
  const first = ledger.first.get(keyOf(job));
  if (first !== undefined) return { status: 'fulfilled', value: { job: first, created: false } };
  const person = ledger.people.get(ownerOf(job.requester)) ?? { own: 0, uses: [] };
  const wanted = job.request.count;
  const uses = person.uses.filter(({ at }) => at > job.createdAt - quotaWindowMs);
  try {
    checkIntake({ waiting: ledger.waiting, own: person.own, uses, wanted, now: job.createdAt }, limits);
  } catch (error) {
    if (error instanceof LimitError) return { status: 'rejected', reason: error };
    throw error;
  }
  ledger.first.set(keyOf(job), job);
  ledger.waiting += 1;
  person.own += 1;
  person.uses.push({ pictures: wanted, at: job.createdAt });
  ledger.accepted.push(job);
  return { status: 'fulfilled', value: { job, created: true } };
}

/** A person's own key; a space is in no `Owner`. */
function keyOf({ requester, idempotencyKey }: Job): string {
  return `${ownerOf(requester)} ${idempotencyKey}`;
}

/** One statement: each of its parts sees what was there before it, so the jobs themselves do not count as waiting. */
async function insert(sql: Sql, jobs: readonly QueuedJob[]): Promise<void> {
  const fresh = jobs.map((job, place) => {
    const owner = ownerOf(job.requester);
    return {
      place,
      id: job.id,
      owner,
      idempotency_key: job.idempotencyKey,
      platform: job.replyTo.platform,
      request: job.request,
      requester: job.requester,
      reply_to: job.replyTo,
      created_at: job.createdAt,
      quota_key: quotaKeyOf(owner),
      pictures: job.request.count,
      uploads: picturesNeeded(job.request),
    };
  });
  await sql.query(
    `with fresh as (
       select * from jsonb_to_recordset($1::text::jsonb) as fresh (
         place integer, id uuid, owner text, idempotency_key text, platform text, request jsonb, requester jsonb,
         reply_to jsonb, created_at bigint, quota_key text, pictures integer, uploads jsonb)
     ), turn as (
       insert into turns (owner) select owner from fresh group by owner order by min(place)
       on conflict (owner) do update set turn = nextval('turn_numbers')
       where not exists (
         select from jobs where jobs.owner = turns.owner and jobs.state = 'queued' and jobs.attempt = 0)
     ), outdated as (
       delete from quota_uses where used_at <= $2
     ), quota as (
       insert into quota_uses (job, quota_key, pictures, used_at)
       select id, quota_key, pictures, created_at from fresh
     ), upload as (
       update uploads set used_at = fresh.created_at
       from fresh, jsonb_array_elements_text(fresh.uploads) as needed (picture) where key = needed.picture
     )
     insert into jobs (id, owner, idempotency_key, platform, state, request, requester, reply_to, created_at)
     select id, owner, idempotency_key, platform, 'queued', request, requester, reply_to, created_at
     from fresh order by place`,
    [JSON.stringify(fresh), Math.min(...jobs.map(({ createdAt }) => createdAt)) - quotaWindowMs],
  );
}
