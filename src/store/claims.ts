import { z } from 'zod';
import type { FailedJob, Job, JobFailure, QueuedJob } from '../jobs/job.ts';
import type { DrawingLease, DrawingStore } from '../jobs/job-store.ts';
import { beginDrawing, cancelJob, failJob, finishDrawing, putBack } from '../jobs/transitions.ts';
import { type Database, row, rows, type Sql } from './database.ts';
import { jobColumns, jobRow, ownerColumn } from './job-row.ts';
import { giveQuotaBack, lockDrawing, lockJob, lockQueue, writeJob } from './jobs-table.ts';

const setbacksRow = z.object({ setbacks: z.number() });
const interruptionsRow = z.object({ interruptions: z.number() });
const ownerRow = z.object({ owner: ownerColumn });

/** Drawing, on PostgreSQL. */
export function createClaims(database: Database): DrawingStore {
  /** One write of an attempt: null when a later attempt, a cancel or a removal has taken its place. */
  const write = <Next extends Job, Extra = unknown>(
    lease: DrawingLease,
    change: (job: Job) => Next,
    also?: (sql: Sql) => Promise<Extra>,
  ): Promise<Next | null> =>
    database.transaction(async (sql) => {
      const job = await lockDrawing(sql, lease);
      if (job === null) return null;
      const next = change(job);
      await writeJob(sql, next);
      await also?.(sql);
      return next;
    });

  return {
    claim: ({ now, leaseMs }) =>
      database.transaction(async (sql) => {
        // Claims go one after another: two at once would both see the same person's turn.
        await lockQueue(sql);
        const job = await nextDue(sql, now);
        if (job === null) return null;
        const drawing = beginDrawing(job, now);
        await writeJob(sql, drawing);
        await sql.query('update jobs set lease_until = $2 where id = $1', [job.id, now + leaseMs]);
        if (job.attempt === 0) await passTurn(sql, job);
        return drawing;
      }),

    async renew({ id, attempt }, { now, leaseMs }) {
      const renewed = await database.query(
        `update jobs set lease_until = $3 where id = $1 and state = 'drawing' and attempt = $2 returning id`,
        [id, attempt, now + leaseMs],
      );
      return renewed.length === 1;
    },

    changeRequest: (lease, request) =>
      database.transaction(async (sql) => {
        const job = await lockDrawing(sql, lease);
        if (job === null) return null;
        await sql.query('update jobs set request = $2::text::jsonb where id = $1', [job.id, JSON.stringify(request)]);
        return { ...job, request };
      }),

    async putBack(lease, { notBefore, setback }) {
      let setbacks = 0;
      const job = await write(lease, putBack, async (sql) => {
        setbacks = await delay(sql, lease.id, notBefore, setback ? 1 : 0);
      });
      return job === null ? null : { job, setbacks };
    },

    saveDrawn: (lease, drawing, now) =>
      write(
        lease,
        (job) => finishDrawing(job, drawing, now),
        (sql) =>
          sql.query(
            `insert into counters (name, value) values ('drawn_pictures', $1)
             on conflict (name) do update set value = counters.value + excluded.value`,
            [drawing.pictures.length],
          ),
      ),

    saveFailed: (lease, failure, now) =>
      write(
        lease,
        (job) => failJob(job, failure, now),
        (sql) => giveQuotaBack(sql, lease.id),
      ),

    async setbacks(id) {
      const found = await row(database, setbacksRow, 'select setbacks from jobs where id = $1', [id]);
      return found?.setbacks ?? 0;
    },

    reclaim: ({ now, all, maxInterruptions, failure }) =>
      database.transaction(async (sql) => {
        const left = await rows(
          sql,
          jobRow,
          `select ${jobColumns} from jobs where state = 'drawing' and ($1 or lease_until < $2) for update skip locked`,
          [all, now],
        );
        const reclaimed: (QueuedJob | FailedJob)[] = [];
        for (const job of left) reclaimed.push(await recover(sql, job, now, maxInterruptions, failure));
        return reclaimed;
      }),

    cancel: (id, now) =>
      database.transaction(async (sql) => {
        const job = await lockJob(sql, id);
        if (job === null) return null;
        if (job.state !== 'queued' && job.state !== 'drawing') return { was: job.state, job };
        const cancelled = cancelJob(job, now);
        await writeJob(sql, cancelled);
        if (job.state === 'queued') await giveQuotaBack(sql, id);
        return { was: job.state, job: cancelled };
      }),
  };
}

/** The same order as `fairOrder`, of those that are due. */
function nextDue(sql: Sql, now: number): Promise<Job | null> {
  return row(
    sql,
    jobRow,
    `select ${jobColumns} from jobs join turns using (owner)
     where state = 'queued' and not_before <= $1
     order by attempt = 0, case when attempt = 0 then turn end, position
     limit 1 for update of jobs skip locked`,
    [now],
  );
}

/** Whoever has more fresh jobs waiting goes to the end of the line of people; nobody else keeps a turn. */
async function passTurn(sql: Sql, { id }: Job): Promise<void> {
  const waits = `exists (select from jobs as more where more.owner = turns.owner and more.state = 'queued' and more.attempt = 0)`;
  const owner = await row(sql, ownerRow, 'select owner from jobs where id = $1', [id]);
  if (owner === null) return;
  await sql.query(`update turns set turn = nextval('turn_numbers') where owner = $1 and ${waits}`, [owner.owner]);
}

async function delay(sql: Sql, id: string, notBefore: number, setback: number): Promise<number> {
  const found = await row(
    sql,
    setbacksRow,
    'update jobs set not_before = $2, setbacks = setbacks + $3 where id = $1 returning setbacks',
    [id, notBefore, setback],
  );
  return found?.setbacks ?? 0;
}

async function recover(
  sql: Sql,
  job: Job,
  now: number,
  maxInterruptions: number,
  failure: JobFailure,
): Promise<QueuedJob | FailedJob> {
  const counted = await row(
    sql,
    interruptionsRow,
    'update jobs set not_before = 0, interruptions = interruptions + 1 where id = $1 returning interruptions',
    [job.id],
  );
  const next = (counted?.interruptions ?? 0) >= maxInterruptions ? failJob(job, failure, now) : putBack(job);
  await writeJob(sql, next);
  if (next.state === 'failed') await giveQuotaBack(sql, job.id);
  return next;
}
