import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobId, PictureKey } from '../../src/jobs/job.ts';
import { type PictureStore, parsePictureKey, pictureKey, uploadKey } from '../../src/jobs/picture-store.ts';
import { createPictureFolder } from '../../src/store/picture-folder.ts';

const never = new AbortController().signal;
let folder: string;
let pictures: PictureStore;
const job = () => randomUUID() as JobId;
const png = (text: string) => new TextEncoder().encode(text);
const list = async (writtenBefore: number) => {
  const keys: string[] = [];
  for await (const key of pictures.list({ writtenBefore, signal: never })) keys.push(key);
  return keys.sort();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-pictures-'));
  pictures = await createPictureFolder(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('picture folder', () => {
  it('gives back what was put, and replaces it', async () => {
    const key = pictureKey(job(), 3);
    await pictures.put(key, png('one'));
    await pictures.put(key, png('two'));
    expect(new TextDecoder().decode((await pictures.read(key)) ?? undefined)).toBe('two');
    expect(await readFile(join(folder, key), 'utf8')).toBe('two');
  });

  it('says that there is no picture', async () => {
    expect(await pictures.read(uploadKey(randomUUID()))).toBeNull();
  });

  it('leaves no other file behind', async () => {
    const id = job();
    await Promise.all([0, 1, 2, 3].map((index) => pictures.put(pictureKey(id, index), png('x'))));
    expect((await readdir(join(folder, id))).sort()).toEqual(['0.png', '1.png', '2.png', '3.png']);
  });

  it('removes pictures and the folders they leave empty, and passes over what is gone', async () => {
    const id = job();
    await pictures.put(pictureKey(id, 0), png('x'));
    expect(await pictures.remove([pictureKey(id, 0), pictureKey(id, 1), uploadKey(randomUUID())])).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('lists what is old enough, and removes what a killed process left half written', async () => {
    const [old, young] = [pictureKey(job(), 0), pictureKey(job(), 1)];
    await pictures.put(old, png('x'));
    await pictures.put(young, png('x'));
    const half = join(folder, `${old}.part`);
    await writeFile(half, 'half');
    for (const path of [join(folder, old), half]) await utimes(path, 1_000, 1_000);
    await mkdir(join(folder, 'something-else'));
    expect(await list(2_000_000)).toEqual([old]);
    expect(await list(Date.now() + 60_000)).toEqual([old, young].sort());
    expect(await readdir(join(folder, old.slice(0, 36)))).toEqual(['0.png']);
  });

  it.each([
    '../secret.png',
    '/etc/passwd',
    'uploads/../../x.png',
    `${randomUUID()}/4.png`,
    `${randomUUID()}/0.png\0`,
    '',
  ])('never makes a path of the key %j', async (text) => {
    expect(parsePictureKey(text)).toBeNull();
    const key = text as PictureKey;
    await expect(pictures.read(key)).rejects.toMatchObject({ code: 'picture_key_invalid' });
    await expect(pictures.put(key, png('x'))).rejects.toMatchObject({ code: 'picture_key_invalid' });
    await expect(pictures.remove([key])).rejects.toMatchObject({ code: 'picture_key_invalid' });
  });

  it('says that it could not store or read, for a try later', async () => {
    const id = job();
    await writeFile(join(folder, id), 'a file in the way');
    await expect(pictures.put(pictureKey(id, 0), png('x'))).rejects.toMatchObject({
      code: 'picture_not_stored',
      retryable: true,
    });
    await expect(pictures.read(pictureKey(id, 0))).rejects.toMatchObject({ code: 'picture_not_read', retryable: true });
  });
});
