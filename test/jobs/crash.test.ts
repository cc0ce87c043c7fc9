import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JobId } from '../../src/jobs/job.ts';
import { pictureKey } from '../../src/jobs/picture-store.ts';
import { openStore } from '../../src/store/open-store.ts';

const program = fileURLToPath(new URL('./crashing-child.ts', import.meta.url));
const rounds = 20;
let folder: string;
let child: ChildProcess | null = null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-crash-'));
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function run(round: number, mode: 'submit' | 'finish') {
  const started = spawn(process.execPath, [program, folder, String(round), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  return started;
}

function linesFrom(stream: Readable, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  stream.on('data', (chunk: Buffer) => {
    seen += chunk.toString().split('\n').length - 1;
    if (seen >= count) resolve();
  });
  return promise;
}

const linesOf = async (name: string) => (await readFile(join(folder, name), 'utf8')).split('\n').filter(Boolean);

it('answers every accepted job exactly once, though the process is killed -9 at twenty random moments', {
  timeout: 300_000,
}, async () => {
  for (let round = 1; round <= rounds; round++) {
    const process = run(round, 'submit');
    const exited = once(process, 'exit');
    // Every fifth time at any moment of the start, else while it submits, draws and posts: by lines, not by time
    // alone, so that a slow machine gets as far.
    if (round % 5 !== 0) await linesFrom(process.stdout, 1 + Math.floor(Math.random() * 25));
    await sleep(Math.random() * (round % 5 === 0 ? 1_000 : 100));
    process.kill('SIGKILL');
    await exited;
  }
  const last = run(rounds + 1, 'finish');
  expect(await once(last, 'exit')).toEqual([0, null]);

  const accepted = new Set((await linesOf('accepted')).map((line) => line.slice(0, 36)));
  const posted = await linesOf('posted');
  expect(accepted.size).toBeGreaterThan(rounds);
  // A job may be accepted by the database and the process die before it could say so: it is answered too.
  const answered = posted.map((line) => line.slice(0, 36));
  expect(new Set(answered).size).toBe(answered.length);
  expect([...accepted].filter((id) => !answered.includes(id))).toEqual([]);
  expect(posted.filter((line) => !line.endsWith(' drawn'))).toEqual([]);

  const keys = (await linesOf('accepted')).map((line) => line.split(' '));
  const idsOfKeys = new Map<string, Set<string>>();
  for (const [id = '', key = ''] of keys) idsOfKeys.set(key, (idsOfKeys.get(key) ?? new Set()).add(id));
  expect([...idsOfKeys.values()].filter((ids) => ids.size > 1)).toEqual([]);

  const store = await openStore({ dataDir: join(folder, 'data'), logger: pino({ level: 'silent' }) });
  expect(await store.jobs.counts()).toMatchObject({ waiting: 0, drawing: 0 });
  for (const id of accepted) {
    expect((await store.jobs.get(id as JobId))?.state).toBe('delivered');
    await access(join(folder, 'data', 'pictures', pictureKey(id as JobId, 0)));
  }
  await store.close();
});
