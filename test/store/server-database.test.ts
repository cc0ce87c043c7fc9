import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Database } from '../../src/store/database.ts';
import { createJobStore } from '../../src/store/job-store.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { createServerDatabase } from '../../src/store/server-database.ts';
import { sampleJob, sampleRequester } from '../jobs/sample-jobs.ts';
import { emptyDatabase } from './empty-database.ts';
import { describeJobStore } from './job-store-contract.ts';
import { createPostgresServer, type PostgresServer } from './postgres-server.ts';

const logger = pino({ level: 'silent' });
const startMs = 60_000;
const roomy = { maxQueue: 9_999, maxJobsPerUser: 9_999, dailyImagesPerUser: 99_999 };
const times = { now: 2_000_000, leaseMs: 30_000 };
let server: PostgresServer;
let database: Database;
let other: Database;

beforeAll(async () => {
  server = await createPostgresServer();
  await server.start();
  const open = () => openDatabase({ databaseUrl: server.url, dataDir: tmpdir(), logger });
  // At once, as two processes that start together.
  [database, other] = await Promise.all([open(), open()]);
}, startMs);

afterAll(async () => {
  await Promise.all([database.close(), other.close()]);
  await server.remove();
}, startMs);

describeJobStore('PostgreSQL server', {
  open: async () => {
    await emptyDatabase(database);
    return createJobStore(database);
  },
  close: async () => undefined,
});

describe('two processes on one server', () => {
  it('accepts an event once, though both get it', async () => {
    await emptyDatabase(database);
    const [one, two] = [createJobStore(database), createJobStore(other)];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : two).submit(sampleJob({ idempotencyKey: 'one' }), roomy),
      ),
    );
    expect(answers.filter((answer) => answer.created)).toHaveLength(1);
  });

  it('keeps the bound of the queue between them', async () => {
    await emptyDatabase(database);
    const [one, two] = [createJobStore(database), createJobStore(other)];
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).submit(sampleJob(), { ...roomy, maxQueue: 15 }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(15);
  });

  it('draws each job once, in turns', async () => {
    await emptyDatabase(database);
    const [one, two] = [createJobStore(database), createJobStore(other)];
    for (let index = 0; index < 60; index++) {
      await one.submit(sampleJob({ requester: sampleRequester(`user-${index % 6}`) }), roomy);
    }
    const claimed = await Promise.all(
      Array.from({ length: 70 }, (_, index) => (index % 2 === 0 ? one : two).claim(times)),
    );
    const jobs = claimed.filter((job) => job !== null);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(60);
    expect(await two.counts()).toMatchObject({ waiting: 0, drawing: 60 });
  });
});

describe('a server that cannot be used at start', () => {
  const openAt = (databaseUrl: string) => openDatabase({ databaseUrl, dataDir: tmpdir(), logger });

  it('is named with the reason when nothing listens there, without its password', async () => {
    await expect(openAt('postgres://me:hush@127.0.0.1:1/quartet')).rejects.toMatchObject({
      code: 'config_invalid',
      message:
        'DATABASE_URL: expected a PostgreSQL server (127.0.0.1:1) that lets Quartet in, got: connect ECONNREFUSED 127.0.0.1:1.',
    });
  });

  it('is named with the reason when it has no such database', async () => {
    const url = new URL(server.url);
    url.pathname = '/nowhere';
    await expect(openAt(url.href)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('database "nowhere" does not exist'),
    });
  });

  it('is refused in one sentence when its address cannot be read', async () => {
    await expect(openAt('postgres://me:hush@[')).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.not.stringContaining('hush'),
    });
  });
});

describe('a server that is away', () => {
  const deadlineMs = 400;

  it('is told as a StoreError when nothing listens', async () => {
    const away = createServerDatabase({ databaseUrl: 'postgres://a:b@127.0.0.1:1/x', logger, deadlineMs });
    await expect(createJobStore(away).submit(sampleJob(), roomy)).rejects.toMatchObject({
      name: 'StoreError',
      code: 'database_unavailable',
      retryable: true,
    });
    await away.close();
  });

  it('is told within the deadline when it takes the connection and says nothing', async () => {
    const silent = await listen(() => undefined);
    const away = createServerDatabase({ databaseUrl: silent.url, logger, deadlineMs });
    await expect(away.query('select 1')).rejects.toBeInstanceOf(StoreError);
    await silent.close();
    await away.close();
  });

  it('is told within the deadline when a statement hangs, and the transaction is undone', async () => {
    await emptyDatabase(database);
    const short = createServerDatabase({ databaseUrl: server.url, logger, deadlineMs });
    const hanging = short.transaction(async (sql) => {
      await sql.query(`insert into counters (name, value) values ('hung', 1)`);
      await sql.query('select pg_sleep(5)');
    });
    await expect(hanging).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
    expect(await short.query(`select * from counters where name = 'hung'`)).toEqual([]);
    await short.close();
  });

  it('comes back by itself after the server was restarted', { timeout: 30_000 }, async () => {
    const store = createJobStore(database);
    await emptyDatabase(database);
    const job = sampleJob();
    await store.submit(job, roomy);
    await server.stop();
    await expect(store.get(job.id)).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
    await server.start();
    expect(await store.get(job.id)).toEqual(job);
    expect(await migrate(database)).toEqual([]);
  });
});

async function listen(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return {
    url: `postgres://a:b@127.0.0.1:${address.port}/x`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        listener.close(resolve);
      });
    },
  };
}
