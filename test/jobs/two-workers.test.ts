import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { createPostgresServer, type PostgresServer } from '../store/postgres-server.ts';
import { createJobWorld } from './job-world.ts';
import { sampleReplyTo, sampleRequest, sampleRequester } from './sample-jobs.ts';

const startMs = 60_000;
let server: PostgresServer;
let stores: Store[] = [];
let dataDir: string;

beforeAll(async () => {
  server = await createPostgresServer();
  await server.start();
  dataDir = await mkdtemp(join(tmpdir(), 'quartet-workers-'));
  const open = () => openStore({ databaseUrl: server.url, dataDir, logger: pino({ level: 'silent' }) });
  stores = await Promise.all([open(), open()]);
}, startMs);

afterAll(async () => {
  for (const store of stores) await store.close();
  await server.remove();
  await rm(dataDir, { recursive: true, force: true });
}, startMs);

it('two workers on one database draw and tell each job once, and a job of one is cancelled through the other', {
  timeout: startMs,
}, async () => {
  const [first, second] = await Promise.all(
    stores.map(({ jobs, pictures }) =>
      createJobWorld({
        store: jobs,
        pictures,
        engine: { concurrency: 2 },
        jobs: { soleProcess: false, runner: { pollMs: 20, leaseMs: 300 } },
      }),
    ),
  );
  if (first === undefined || second === undefined) throw new Error('expected two workers');
  const submit = async (key: string) =>
    (await first.jobs.submit(sampleRequest, sampleRequester(key.slice(-1)), sampleReplyTo, key)).job.id;

  const held = first.engine.hold();
  await first.jobs.start([first.platform]);
  const stuck = await submit('stuck');
  await first.reached(stuck, 'drawing');
  expect(await second.jobs.cancel(stuck, sampleRequester('k'))).toBe('drawing');
  await expect.poll(() => first.engine.running.now, { timeout: 5_000 }).toBe(0);
  held();

  await second.jobs.start([second.platform]);
  const ids = await Promise.all(Array.from({ length: 30 }, (_, index) => submit(`job ${index}`)));
  await expect
    .poll(() => first.platform.messages.size + second.platform.messages.size, { timeout: 30_000 })
    .toBe(ids.length + 1);
  const told = [...first.platform.messages.keys(), ...second.platform.messages.keys()];
  expect(new Set(told)).toEqual(new Set([stuck, ...ids]));
  expect(first.engine.requests.length + second.engine.requests.length).toBe(ids.length + 1);
  expect(second.engine.requests.length).toBeGreaterThan(0);
  await first.close();
  await second.close();
});
