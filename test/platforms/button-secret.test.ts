import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadButtonSecret } from '../../src/platforms/button-secret.ts';

describe('button secret', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quartet-secret-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is the configured one', async () => {
    expect(await loadButtonSecret('sixteen characters', folder)).toEqual(Buffer.from('sixteen characters'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('is made once, kept for the next start and readable by its owner only', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => loadButtonSecret(null, folder)));
    expect(secrets[0]).toHaveLength(32);
    for (const secret of [...secrets, await loadButtonSecret(null, folder)]) expect(secret).toEqual(secrets[0]);
    expect(await readdir(folder)).toEqual(['button-secret']);
    expect((await stat(join(folder, 'button-secret'))).mode & 0o077).toBe(0);
  });

  it('is refused when the file was emptied', async () => {
    await writeFile(join(folder, 'button-secret'), '');
    await expect(loadButtonSecret(null, folder)).rejects.toThrow(/button-secret to hold a secret, got 0 bytes/);
  });
});
