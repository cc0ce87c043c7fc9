import { QuartetError } from '../errors.ts';
import type { DrawingJob, Job, JobId, JobState } from '../jobs/job.ts';
import type { DrawingLease } from '../jobs/job-store.ts';
import { row, type Sql } from './database.ts';
import { jobColumns, jobRow } from './job-row.ts';

// One number a purpose; any others would do.
const queueLock = 4_701_190_002;

/** One at a time until the transaction ends: what counts rows before it writes one. */
export async function lockQueue(sql: Sql): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1::bigint)', [queueLock]);
}

/** Read a job, and keep others from changing it until the transaction ends. */
export function lockJob(sql: Sql, id: JobId): Promise<Job | null> {
  return row(sql, jobRow, `select ${jobColumns} from jobs where id = $1 for update`, [id]);
}

/** As `lockJob`; null unless it is being drawn by just this attempt. */
export async function lockDrawing(sql: Sql, lease: DrawingLease): Promise<DrawingJob | null> {
  const job = await lockJob(sql, lease.id);
  return job?.state === 'drawing' && job.attempt === lease.attempt ? job : null;
}

/** A job's id counts pictures of the day no longer. */
export async function giveQuotaBack(sql: Sql, id: JobId): Promise<void> {
  await sql.query('delete from quota_uses where job = $1', [id]);
}

/** Write the columns that a transition may change. */
export async function writeJob(sql: Sql, job: Job): Promise<void> {
  const changed = changedColumns(job);
  const written = await sql.query(
    `update jobs set state = $2, attempt = $3, started_at = coalesce($4, started_at), drawing = $5::text::jsonb,
       drawn_at = $6, delivered_at = $7, message = $8, failure = $9::text::jsonb, ended_at = $10, telling = $11
     where id = $1 returning id`,
    [
      job.id,
      job.state,
      job.attempt,
      changed.startedAt,
      changed.drawing,
      changed.drawnAt,
      changed.deliveredAt,
      changed.message,
      changed.failure,
      changed.endedAt,
      telling[job.state],
    ],
  );
  if (written.length !== 1)
    throw new QuartetError('job_gone', `Expected job ${job.id} to be in the database, but it is gone`);
}

/** Whether people are still to be told, once a job has come into a state. */
const telling = {
  queued: 'no',
  drawing: 'no',
  drawn: 'due',
  delivered: 'told',
  cancelled: 'due',
  failed: 'due',
} as const satisfies Record<JobState, string>;

function changedColumns(job: Job) {
  const none = {
    startedAt: null,
    drawing: null,
    drawnAt: null,
    deliveredAt: null,
    message: null,
    failure: null,
    endedAt: null,
  };
  switch (job.state) {
    case 'queued':
      return none;
    case 'drawing':
      return { ...none, startedAt: job.startedAt };
    case 'drawn':
      return { ...none, drawing: JSON.stringify(job.drawing), drawnAt: job.drawnAt };
    case 'delivered':
      return {
        ...none,
        drawing: JSON.stringify(job.drawing),
        drawnAt: job.drawnAt,
        deliveredAt: job.deliveredAt,
        message: job.message,
      };
    case 'cancelled':
      return { ...none, endedAt: job.endedAt };
    case 'failed':
      return { ...none, failure: JSON.stringify(job.failure), endedAt: job.endedAt };
    default:
      return job satisfies never;
  }
}
