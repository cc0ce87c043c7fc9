import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase } from '../../src/doctor/check-database.ts';
import { lockFolder } from '../../src/store/folder-lock.ts';
import { createPostgresServer } from '../store/postgres-server.ts';

const logger = pino({ level: 'silent' });

describe('doctor of the database', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'quartet-doctor-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));
  const check = (databaseUrl: string | null, clock = Date.now) =>
    checkDatabase({ databaseUrl, dataDir, logger, clock });

  it('finds a fresh folder good, and makes no database in it', async () => {
    expect((await check(null))[0]).toMatchObject({
      state: 'good',
      what: expect.stringContaining('at the first start'),
    });
    expect(await readdir(dataDir)).not.toContain('database');
  });

  it('finds a folder good that a running bot has open', async () => {
    const lock = await lockFolder(dataDir);
    const findings = await check(null);
    lock.release();
    expect(findings[0]).toMatchObject({ state: 'good', what: expect.stringContaining('running Quartet') });
  });

  it('asks a server, and notices when its clock differs', async () => {
    const server = await createPostgresServer();
    try {
      await server.start();
      const { url } = server;
      const findings = await check(url);
      expect(findings.map(({ state }) => state)).toEqual(['good', 'good']);
      expect(findings[1]?.what).toMatch(/PostgreSQL \d+.*at the first start/);
      const skewed = await check(url, () => Date.now() + 60_000);
      expect(skewed[2]).toMatchObject({ state: 'warning', what: expect.stringContaining('60 s') });
    } finally {
      await server.remove();
    }
  }, 60_000);

  it('says why a server cannot be asked', async () => {
    await expect(check('postgres://ada@127.0.0.1:1/quartet')).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
