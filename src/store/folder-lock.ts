import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';

/**
 * Lock a folder against other processes until `release`; a process that dies lets go, also by SIGKILL.
 *
 * Node has no flock; SQLite's exclusive transaction is one (fcntl), and holds across containers that share a volume,
 * which a socket would not. The file itself stays empty and means nothing.
 */
export async function lockFolder(folder: string): Promise<{ release(): void }> {
  await makeFolder(folder);
  const file = join(folder, 'lock');
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(file);
    lock.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === 5 /* SQLITE_BUSY */) {
      throw new StoreError(
        'folder_in_use',
        `Expected the data folder ${folder} to be free, but another Quartet is running on it: stop that one, or set DATA_DIR to another folder.`,
      );
    }
    throw new StoreError(
      'folder_not_lockable',
      `Expected the data folder ${folder} to be one that can be written, but ${file} cannot be made or locked.`,
      {
        cause: error,
      },
    );
  }
  const held = lock;
  return {
    release: () => {
      if (held.isOpen) held.close();
    },
  };
}
