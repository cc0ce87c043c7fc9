import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmbeddedDatabase } from '../../src/store/embedded-database.ts';
import { lockFolder } from '../../src/store/folder-lock.ts';

const child = fileURLToPath(new URL('./locking-child.ts', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('folder lock', () => {
  it('refuses a second holder in one sentence, until the first lets go', async () => {
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'folder_in_use',
      message: `Expected the data folder ${folder} to be free, but another Quartet is running on it: stop that one, or set DATA_DIR to another folder.`,
    });
    first.release();
    first.release();
    (await lockFolder(folder)).release();
  });

  it('says in one sentence that the folder cannot be written', async () => {
    await mkdir(join(folder, 'lock'));
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'folder_not_lockable',
      message: `Expected the data folder ${folder} to be one that can be written, but ${join(folder, 'lock')} cannot be made or locked.`,
    });
  });

  it('makes a folder that is not there', async () => {
    (await lockFolder(join(folder, 'a', 'b'))).release();
  });

  it('keeps the database from a second process, and is free once that one was killed -9', {
    timeout: 30_000,
  }, async () => {
    const holder = spawn(process.execPath, [child, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await expect(createEmbeddedDatabase(folder)).rejects.toMatchObject({ code: 'folder_in_use' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    (await lockFolder(folder)).release();
  });
});
