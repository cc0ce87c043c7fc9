import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

/**
 * Milliseconds that each of `people`, who ask at the same moment, waits for the answer that the job is taken. They
 * stand in another thread, because the bot should not lose time to their own work.
 */
export async function measureAcknowledgements(url: string, people: number): Promise<readonly number[]> {
  const workerData = { url, people, line: '/imagine a red boat count:1' };
  const crowd = new Worker(new URL('./crowd.ts', import.meta.url), { workerData });
  const [waits] = await once(crowd, 'message');
  await crowd.terminate();
  return z.array(z.number()).parse(waits);
}
