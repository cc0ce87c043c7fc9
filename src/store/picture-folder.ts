import { randomUUID } from 'node:crypto';
import { mkdir, open, opendir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.ts';
import type { PictureKey } from '../jobs/job.ts';
import { type PictureStore, parsePictureKey } from '../jobs/picture-store.ts';
import { makeFolder } from '../make-folder.ts';

/** Pictures as files in a folder, one folder a job. */
export async function createPictureFolder(folder: string): Promise<PictureStore> {
  await makeFolder(folder);

  const pathOf = (key: PictureKey): string => {
    // Keys also come from rows and URLs; only the exact form of a key becomes a path.
    if (parsePictureKey(key) === null) {
      throw new StoreError('picture_key_invalid', `Expected a picture key, got ${JSON.stringify(key.slice(0, 80))}`);
    }
    return join(folder, key);
  };

  return {
    async put(key, png) {
      const path = pathOf(key);
      const temporary = `${path}.${randomUUID()}.part`;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeDurably(temporary, png);
        await rename(temporary, path);
        await syncFolder(dirname(path));
        await syncFolder(folder);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw new StoreError('picture_not_stored', `Expected to store the picture ${key}, but that failed.`, {
          cause: error,
          retryable: true,
        });
      }
    },

    async read(key) {
      const path = pathOf(key);
      try {
        return await readFile(path);
      } catch (error) {
        if (isAbsent(error)) return null;
        throw new StoreError('picture_not_read', `Expected to read the picture ${key}, but that failed.`, {
          cause: error,
          retryable: true,
        });
      }
    },

    async remove(keys) {
      let removed = 0;
      for (const key of keys) {
        const path = pathOf(key);
        try {
          await rm(path);
          removed += 1;
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
        await removeIfEmpty(dirname(path), folder);
      }
      return removed;
    },

    async *list({ writtenBefore, signal }) {
      for await (const group of await opendir(folder)) {
        if (!group.isDirectory()) continue;
        const path = join(folder, group.name);
        for await (const file of await opendir(path)) {
          signal.throwIfAborted();
          const filePath = join(path, file.name);
          const found = await stat(filePath).catch(() => null);
          if (found === null || found.mtimeMs >= writtenBefore) continue;
          // What a killed process left half written.
          if (file.name.endsWith('.part')) await rm(filePath, { force: true });
          const key = parsePictureKey(`${group.name}/${file.name}`);
          if (key !== null) yield key;
        }
        await removeIfEmpty(path, folder);
      }
    },
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a loss of power only once its folder is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null); // Windows opens no folders, and needs no such sync
  if (folder === null) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeIfEmpty(path: string, root: string): Promise<void> {
  if (path === root) return;
  await rmdir(path).catch(() => undefined);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
