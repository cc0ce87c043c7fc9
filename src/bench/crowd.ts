/** A thread of its own: many people who type at the same moment, and how long each waits for the answer. */
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { postLine } from './page-visitor.ts';

const { url, people, line } = z.object({ url: z.string(), people: z.number(), line: z.string() }).parse(workerData);

const waits = Array.from({ length: people }, async () => {
  const begun = performance.now();
  const response = await postLine(url, `quartet_viewer=${randomUUID()}`, line);
  const { kind } = z.object({ kind: z.string() }).parse(await response.json());
  if (kind !== 'job')
    throw new Error(`Expected every one of ${people} jobs to be taken, got an answer of kind ${kind}.`);
  return performance.now() - begun;
});

parentPort?.postMessage(await Promise.all(waits));
