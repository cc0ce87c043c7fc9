import { fsyncSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { StoreError } from '../errors.ts';

// https://github.com/emscripten-core/emscripten/blob/main/system/lib/libc/musl/arch/emscripten/bits/errno.h
const inputOutputError = 29;

/**
 * PGlite's folder, with fsync: Emscripten's NODEFS has none, and answers PostgreSQL's fsync with success without
 * touching the disk. Its fdatasync does nothing either and cannot be given a meaning, so the server must also run
 * with `syncedParams`.
 */
export class SyncedNodeFs extends NodeFS {
  readonly #sync: (file: number) => void;

  constructor(dataDir: string, sync: (file: number) => void = fsyncSync) {
    super(dataDir);
    this.#sync = sync;
  }

  override async init(pglite: PGlite, options: Parameters<NodeFS['init']>[1]): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const addSync = (module: object): void => {
      const operations = streamOperations(module);
      if (operations === null) {
        throw new StoreError(
          'database_unsafe',
          'Expected PGlite to let its files be synced to the disk, but it does not.',
        );
      }
      operations.fsync = (stream) => this.#syncStream(stream);
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...[emscriptenOpts.preRun ?? []].flat(), addSync] } };
  }

  #syncStream(stream: object): number {
    // Folders and pipes have no file behind them, and nothing to be synced.
    if (!('nfd' in stream) || typeof stream.nfd !== 'number') return 0;
    try {
      this.#sync(stream.nfd);
      return 0;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EINVAL' ? 0 : inputOutputError;
    }
  }
}

/** PostgreSQL settings that make each commit wait for the disk. */
export const syncedParams = ['-c', 'fsync=on', '-c', 'wal_sync_method=fsync'] as const;

/** The live object, never a copy: what is put into it is what Emscripten calls. */
function streamOperations(module: object): { fsync?: (stream: object) => number } | null {
  if (!('NODEFS' in module) || typeof module.NODEFS !== 'object' || module.NODEFS === null) return null;
  const { NODEFS: nodeFiles } = module;
  if (!('stream_ops' in nodeFiles) || typeof nodeFiles.stream_ops !== 'object') return null;
  return nodeFiles.stream_ops;
}
