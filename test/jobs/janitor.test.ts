import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createJanitor } from '../../src/jobs/janitor.ts';
import type { JobId, PictureKey } from '../../src/jobs/job.ts';
import { ownerOf } from '../../src/jobs/owner.ts';
import { type PictureStore, pictureKey, uploadKey } from '../../src/jobs/picture-store.ts';
import { createPictureFolder } from '../../src/store/picture-folder.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { sampleDrawing, sampleJob, sampleRequester } from './sample-jobs.ts';

const now = 2_000_000_000_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const limits = { maxQueue: 9, maxJobsPerUser: 9, dailyImagesPerUser: 99 };
let folder: string;
let pictures: PictureStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-janitor-'));
  pictures = await createPictureFolder(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function put(key: PictureKey, writtenAt: number) {
  await pictures.put(key, new Uint8Array([1]));
  await utimes(join(folder, key), writtenAt / 1_000, writtenAt / 1_000);
}

it('removes results that are too old with their pictures, orphans, and nothing else', async () => {
  const store = createMemoryJobStore();
  const result = async (createdAt: number) => {
    const { job } = await store.submit(sampleJob({ createdAt }), limits);
    const drawing = await store.claim({ now, leaseMs: 1_000 });
    if (drawing === null) throw new Error('expected a job');
    await store.saveDrawn(drawing, sampleDrawing(job.id, 1), now);
    await put(pictureKey(job.id, 0), createdAt);
    return pictureKey(job.id, 0);
  };
  const old = await result(now - 8 * dayMs);
  const young = await result(now - 6 * dayMs);
  const orphans = [pictureKey(randomUUID() as JobId, 0), uploadKey(randomUUID())];
  for (const key of orphans) await put(key, now - 2 * hourMs);
  const aboutToGetItsRow = pictureKey(randomUUID() as JobId, 1);
  await put(aboutToGetItsRow, now - 60_000);
  const upload = uploadKey(randomUUID());
  await store.addUpload(upload, ownerOf(sampleRequester()), now - 6 * dayMs);
  await put(upload, now - 6 * dayMs);

  const janitor = createJanitor({
    store,
    pictures,
    logger: pino({ level: 'silent' }),
    clock: () => now,
    retentionDays: 7,
  });
  expect(await janitor.clean()).toEqual({ jobs: 1, pictures: 3 });
  for (const key of [old, ...orphans]) expect(await pictures.read(key)).toBeNull();
  for (const key of [young, aboutToGetItsRow, upload]) expect(await pictures.read(key)).not.toBeNull();
  expect(await janitor.clean()).toEqual({ jobs: 0, pictures: 0 });
  await janitor.close();
  await janitor.close();
});
