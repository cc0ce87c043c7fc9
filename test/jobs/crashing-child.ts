import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { ChatPlatform } from '../../src/platforms/chat-platform.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createInstantEngine } from '../engines/instant-engine.ts';
import { rawCodec } from './raw-codec.ts';
import { sampleReplyTo, sampleRequest, sampleRequester } from './sample-jobs.ts';

// A whole bot without a chat: submits, draws and posts into a file until it is killed. With `finish` it submits
// nothing, and ends by itself once everything that was accepted has been posted.
const [folder = '', round = '0', mode = 'submit'] = process.argv.slice(2);
const acceptedFile = join(folder, 'accepted');
const postedFile = join(folder, 'posted');
const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

/** As a real platform does: the message names its job, and one that is there already is not posted again. */
const platform: ChatPlatform = {
  name: 'web',
  start: async () => undefined,
  showProgress: () => undefined,
  async deliver(job) {
    if (!linesOf(postedFile).some((line) => line.startsWith(job.id))) {
      await sleep(Math.random() * 5);
      appendFileSync(postedFile, `${job.id} ${job.state}\n`);
    }
    return { message: job.id };
  },
  close: async () => undefined,
};

const store = await openStore({ dataDir: join(folder, 'data'), logger: pino({ level: 'error' }) });
const jobs = await createJobs({
  store: store.jobs,
  pictures: store.pictures,
  soleProcess: store.soleProcess,
  engine: createInstantEngine({ stepMs: 2 }),
  codec: rawCodec,
  limits: { maxQueue: 100_000, maxJobsPerUser: 100_000, dailyImagesPerUser: 1_000_000 },
  retentionDays: 1,
  logger: pino({ level: 'error' }),
  clock: Date.now,
  random: Math.random,
});
await jobs.start([platform]);
process.stdout.write('ready\n');

const submit = async (key: string) => {
  const request = { ...sampleRequest, count: 1, steps: 2 };
  const { job } = await jobs.submit(request, sampleRequester(key.slice(-1)), sampleReplyTo, key);
  appendFileSync(acceptedFile, `${job.id} ${key}\n`);
  process.stdout.write('accepted\n');
};

if (mode === 'submit') {
  // The events whose answer the crash may have swallowed come again.
  for (let n = 0; n < 5; n++) await submit(`${Number(round) - 1}-${n}`);
  for (let n = 0; n < 25; n++) await submit(`${round}-${n}`);
} else {
  const accepted = new Set(linesOf(acceptedFile).map((line) => line.slice(0, 36)));
  while (linesOf(postedFile).filter((line) => accepted.has(line.slice(0, 36))).length < accepted.size) await sleep(20);
  await jobs.close();
  await store.close();
}
