import { z } from 'zod';
import type { DrawingJob, Job, PictureKey, QueuedJob } from '../jobs/job.ts';
import type { ArchiveStore } from '../jobs/job-store.ts';
import { quotaKeyOf } from '../jobs/owner.ts';
import { isUpload } from '../jobs/picture-store.ts';
import { hasPictures } from '../jobs/transitions.ts';
import { type Database, row, rows } from './database.ts';
import { jobColumns, jobRow, keyColumn, ownerColumn } from './job-row.ts';

const number = z.coerce.number();
const countsRow = z.object({ waiting: number, drawing: number, drawn: number });
const keyRow = z.object({ key: keyColumn });
const idRow = z.object({ id: z.string() });
const placeRow = z.object({ owner: ownerColumn, position: number, turn: number });
const waitingRow = z.unknown().transform((value) => ({ job: jobRow.parse(value), place: placeRow.parse(value) }));

/** Reading and removing, on PostgreSQL. */
export function createArchive(database: Database): ArchiveStore {
  return {
    get: (id) => row(database, jobRow, `select ${jobColumns} from jobs where id = $1`, [id]),

    async waiting() {
      const found = await rows(
        database,
        waitingRow,
        `select ${jobColumns}, owner, position, turn from jobs join turns using (owner) where state = 'queued'`,
      );
      return found.flatMap(({ job, place }) => (isQueued(job) ? [{ job, ...place, resumed: job.attempt > 0 }] : []));
    },

    async drawing() {
      const found = await rows(
        database,
        jobRow,
        `select ${jobColumns} from jobs where state = 'drawing' order by started_at`,
      );
      return found.filter((job): job is DrawingJob => job.state === 'drawing');
    },

    async counts() {
      const counts = await row(
        database,
        countsRow,
        `select (select count(*) from jobs where state = 'queued') as waiting,
           (select count(*) from jobs where state = 'drawing') as drawing,
           coalesce((select value from counters where name = 'drawn_pictures'), 0) as drawn`,
      );
      return { waiting: counts?.waiting ?? 0, drawing: counts?.drawing ?? 0, drawnPictures: counts?.drawn ?? 0 };
    },

    async history(owner, { limit, before }) {
      const found = await rows(
        database,
        jobRow,
        `select ${jobColumns} from jobs
         where owner = $1 and state in ('drawn', 'delivered') and created_at < $2
         order by created_at desc, position desc limit $3`,
        [owner, before, limit],
      );
      return found.filter(hasPictures);
    },

    async shownIn({ platform, workspace, channel }, where) {
      const [column, shown] =
        'thread' in where ? ["reply_to->>'thread'", where.thread] : ["reply_to->>'message'", where.message];
      const found = await row(
        database,
        jobRow,
        `select ${jobColumns} from jobs
         where platform = $1 and reply_to->>'channel' = $2 and reply_to->>'workspace' is not distinct from $3
           and state in ('drawn', 'delivered') and (${column} = $4 or message = $4)
         order by created_at desc, position desc limit 1`,
        [platform, channel, workspace, shown],
      );
      return found !== null && hasPictures(found) ? found : null;
    },

    recent: (owner, { limit, before }) =>
      rows(
        database,
        jobRow,
        `select ${jobColumns} from jobs where owner = $1 and created_at < $2
         order by created_at desc, position desc limit $3`,
        [owner, before, limit],
      ),

    remove: (id) => row(database, jobRow, `delete from jobs where id = $1 returning ${jobColumns}`, [id]),

    removeOwner: (owner) =>
      database.transaction(async (sql) => {
        // Jobs that are taken back before they were drawn give their quota back, as a cancel would.
        await sql.query(
          `delete from quota_uses where quota_key = $1 and job in (select id from jobs where owner = $2 and state = 'queued')`,
          [quotaKeyOf(owner), owner],
        );
        const jobs = await rows(sql, jobRow, `delete from jobs where owner = $1 returning ${jobColumns}`, [owner]);
        const uploads = await rows(sql, keyRow, 'delete from uploads where owner = $1 returning key', [owner]);
        await sql.query('delete from user_settings where owner = $1', [owner]);
        await sql.query('delete from turns where owner = $1', [owner]);
        return { jobs, uploads: uploads.map(({ key }) => key) };
      }),

    removeOlder: (cutoff, limit) =>
      database.transaction(async (sql) => {
        const jobs = await rows(
          sql,
          jobRow,
          `delete from jobs where id in (
             select id from jobs where state not in ('queued', 'drawing') and created_at < $1
             order by created_at limit $2 for update skip locked)
           returning ${jobColumns}`,
          [cutoff, limit],
        );
        const uploads = await rows(
          sql,
          keyRow,
          `delete from uploads where key in (
             select key from uploads where used_at < $1
             order by used_at limit $2 for update skip locked)
           returning key`,
          [cutoff, limit],
        );
        await sql.query(
          'delete from turns where not exists (select from jobs where jobs.owner = turns.owner and jobs.state = $1)',
          ['queued'],
        );
        return { jobs: jobs.length, pictures: [...jobs.flatMap(picturesOf), ...uploads.map(({ key }) => key)] };
      }),

    async addUpload(key, owner, now) {
      await database.query('insert into uploads (key, owner, used_at) values ($1, $2, $3)', [key, owner, now]);
    },

    async knownPictures(keys) {
      const uploads = keys.filter(isUpload);
      const jobs = keys.filter((key) => !isUpload(key));
      const idOf = (key: PictureKey) => key.slice(0, key.indexOf('/'));
      const foundUploads = await rows(database, keyRow, 'select key from uploads where key = any($1::text[])', [
        uploads,
      ]);
      const foundJobs = await rows(
        database,
        idRow,
        'select id::text as id from jobs where id = any($1::text[]::uuid[])',
        [jobs.map(idOf)],
      );
      const ids = new Set(foundJobs.map(({ id }) => id));
      return new Set([...foundUploads.map(({ key }) => key), ...jobs.filter((key) => ids.has(idOf(key)))]);
    },
  };
}

function isQueued(job: Job): job is QueuedJob {
  return job.state === 'queued';
}

function picturesOf(job: Job): PictureKey[] {
  return hasPictures(job) ? job.drawing.pictures.map(({ key }) => key) : [];
}
