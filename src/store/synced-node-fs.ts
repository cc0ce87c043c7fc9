import { fsyncSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { z } from 'zod';

const fileOperations = z.looseObject({ NODEFS: z.looseObject({ stream_ops: z.record(z.string(), z.unknown()) }) });
const openFile = z.looseObject({ nfd: z.number() });

// https://github.com/emscripten-core/emscripten/blob/main/system/lib/libc/musl/arch/emscripten/bits/errno.h
const inputOutputError = 29;

/**
 * PGlite's folder, with fsync: Emscripten's NODEFS has none, and answers PostgreSQL's fsync with success without
 * touching the disk. Its fdatasync does nothing either and cannot be given a meaning, so the server must also run
 * with `syncedParams`.
 */
export class SyncedNodeFs extends NodeFS {
  override async init(pglite: PGlite, options: Parameters<NodeFS['init']>[1]): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const addSync = (module: unknown): void => {
      fileOperations.parse(module).NODEFS.stream_ops['fsync'] = sync;
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...[emscriptenOpts.preRun ?? []].flat(), addSync] } };
  }
}

/** PostgreSQL settings that make each commit wait for the disk. */
export const syncedParams = ['-c', 'fsync=on', '-c', 'wal_sync_method=fsync'] as const;

function sync(stream: unknown): number {
  const file = openFile.safeParse(stream);
  if (!file.success) return 0;
  try {
    fsyncSync(file.data.nfd);
    return 0;
  } catch (error) {
    // Folders and pipes have nothing to be synced.
    return error instanceof Error && 'code' in error && error.code === 'EINVAL' ? 0 : inputOutputError;
  }
}
