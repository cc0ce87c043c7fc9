import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { createInstallations } from '../../src/store/installations.ts';
import { createJobStore } from '../../src/store/job-store.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { sampleJob } from '../jobs/sample-jobs.ts';
import { emptyDatabase } from './empty-database.ts';
import { describeJobStore } from './job-store-contract.ts';

const logger = pino({ level: 'silent' });
const startMs = 60_000;
let dataDir: string;
let database: Database;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quartet-embedded-'));
  database = await openDatabase({ dataDir, logger });
}, startMs);

afterAll(async () => {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

describeJobStore('embedded PostgreSQL on disk', {
  open: async () => {
    await emptyDatabase(database);
    return createJobStore(database);
  },
  close: async () => undefined,
});

describe('embedded database', () => {
  it('waits for the disk before it says that something is kept', async () => {
    expect(await database.query('show fsync')).toEqual([{ fsync: 'on' }]);
  });

  it('has nothing to migrate a second time', async () => {
    expect(await migrate(database)).toEqual([]);
  });

  it('refuses a schema that a newer program has made', async () => {
    await database.query(`insert into schema_migrations (number, name) values (9999, '9999_future.sql')`);
    await expect(migrate(database)).rejects.toMatchObject({ code: 'schema_too_new' });
    await database.query('delete from schema_migrations where number = 9999');
  });

  it('names a row that it does not understand, instead of handing it on', async () => {
    const job = sampleJob();
    const store = createJobStore(database);
    await store.submit(job, { maxQueue: 9_999, maxJobsPerUser: 9_999, dailyImagesPerUser: 9_999 });
    await database.query(`update jobs set request = '{}' where id = $1`, [job.id]);
    await expect(store.get(job.id)).rejects.toMatchObject({ code: 'row_damaged' });
  });

  it('keeps what a workspace gave when it installed the bot, by platform', async () => {
    const slack = createInstallations(database, 'slack');
    expect(await slack.read('T1')).toBeNull();
    await slack.write('T1', 'first');
    await slack.write('T1', 'second');
    expect(await slack.read('T1')).toBe('second');
    expect(await createInstallations(database, 'other').read('T1')).toBeNull();
    await slack.remove('T1');
    expect(await slack.read('T1')).toBeNull();
  });

  it('undoes a transaction that throws', async () => {
    const failing = database.transaction(async (sql) => {
      await sql.query(`insert into counters (name, value) values ('undone', 1)`);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow();
    expect(await database.query(`select * from counters where name = 'undone'`)).toEqual([]);
  });

  it('keeps everything over a restart, closes twice, and refuses work once closed', async () => {
    const job = sampleJob();
    await emptyDatabase(database);
    await createJobStore(database).submit(job, { maxQueue: 9, maxJobsPerUser: 9, dailyImagesPerUser: 9 });
    await database.close();
    await database.close();
    await expect(database.query('select 1')).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
    database = await openDatabase({ dataDir, logger });
    expect(await createJobStore(database).get(job.id)).toEqual(job);
  });
});
