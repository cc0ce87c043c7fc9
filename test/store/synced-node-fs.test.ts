import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { expect, it } from 'vitest';
import { SyncedNodeFs, syncedParams } from '../../src/store/synced-node-fs.ts';

it('brings each commit to the disk before it is said to be done', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-synced-'));
  let synced = 0;
  let isBroken = false;
  const fs = new SyncedNodeFs(join(folder, 'database'), () => {
    synced += 1;
    if (isBroken) throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
  });
  const startParams = [...PGlite.defaultStartParams.filter((param) => param !== '-F'), ...syncedParams];
  const pglite = await PGlite.create({ fs, startParams });
  await pglite.exec('create table kept (n integer)');
  const before = synced;
  for (let n = 0; n < 10; n++) await pglite.query('insert into kept values ($1)', [n]);
  expect(synced - before).toBeGreaterThanOrEqual(10);
  isBroken = true;
  await expect(pglite.query('insert into kept values (11)')).rejects.toThrow();
  await rm(folder, { recursive: true, force: true });
});
