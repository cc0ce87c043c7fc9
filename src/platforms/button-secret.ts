import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';

const fileName = 'button-secret';

/**
 * What buttons are signed with: the configured secret, or one that is made once and kept in the data folder, so that
 * buttons work after a restart.
 */
export async function loadButtonSecret(configured: string | null, dataDir: string): Promise<Uint8Array> {
  if (configured !== null) return Buffer.from(configured, 'utf8');
  const path = join(dataDir, fileName);
  const kept = (await read(path)) ?? (await make(path));
  if (kept.length >= 16) return kept;
  throw new ConfigError([
    `BUTTON_SECRET: expected ${path} to hold a secret, got ${kept.length} bytes. Remove that file.`,
  ]);
}

async function read(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`BUTTON_SECRET: expected ${path} to be readable, got ${reason}.`]);
  }
}

/** Whole or not at all, and the same for two processes that start at once. */
async function make(path: string): Promise<Uint8Array> {
  const partial = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(partial, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(32));
    await file.sync();
    await link(partial, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    return await readFile(path);
  } finally {
    await file.close();
    await rm(partial);
  }
}
