import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { QuartetError } from './errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'a file',
  ENOENT: 'a place that takes no folders',
  ENOTDIR: 'a path through a file',
  EACCES: 'no permission to make it',
  EPERM: 'no permission to make it',
  EROFS: 'a disk that is read-only',
  ENOSPC: 'a full disk',
};

/**
 * Makes a folder and those above it; false where it was there already. Throws a `QuartetError` with one sentence.
 *
 * Not `mkdir`'s own `recursive`: under a folder that takes none, like /proc, it tries for ever.
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return await makeWithParents(resolve(folder));
  } catch (error) {
    const code = codeOf(error);
    const reason = reasons[code] ?? code;
    throw new QuartetError('folder_unusable', `Expected ${folder} to be a folder, got ${reason}.`, { cause: error });
  }
}

async function makeWithParents(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeWithParents(dirname(path));
    // Once: a parent that is there and still takes no folder never will.
    await mkdir(path).catch(async (again: unknown) => {
      if (codeOf(again) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw again;
    });
    return true;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'an unknown error';
}
