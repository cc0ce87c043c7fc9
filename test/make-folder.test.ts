import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../src/make-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-make-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('makes the folders above too, also when many ask at once, and leaves what is there', async () => {
  const deep = join(folder, 'a', 'b', 'c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a', 'b'))]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test('a file in the way is one sentence', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({
    code: 'folder_unusable',
    message: `Expected ${file} to be a folder, got a file.`,
  });
  await expect(makeFolder(join(file, 'x', 'y'))).rejects.toMatchObject({
    message: `Expected ${join(file, 'x', 'y')} to be a folder, got a path through a file.`,
  });
});

test.skipIf(!existsSync('/proc/self'))(
  'a place that takes no folders is refused instead of tried for ever',
  async () => {
    await expect(makeFolder('/proc/nowhere/data')).rejects.toMatchObject({ code: 'folder_unusable' });
  },
);
