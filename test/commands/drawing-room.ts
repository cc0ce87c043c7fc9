import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { CommandServices, OptionValue, Reply } from '../../commands/define-command.ts';
import { dispatch } from '../../commands/index.ts';
import { encodePng } from '../../src/images/png.ts';
import { createReadAttachments } from '../../src/images/read-attachment.ts';
import { decodeStored } from '../../src/images/stored-picture.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { FinishedJob, Job, Requester } from '../../src/jobs/job.ts';
import type { ChatPlatform } from '../../src/platforms/chat-platform.ts';
import { createPictureFolder } from '../../src/store/picture-folder.ts';
import { createInstantEngine, type InstantEngineOptions } from '../engines/instant-engine.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';

/** Somebody on the web; on Discord and Slack where `changes` say so. */
export function somebody(userId: string, changes: Partial<Requester> = {}): Requester {
  return { platform: 'web', workspace: null, userId, name: userId, locale: 'en', isAdmin: false, ...changes };
}

/** The whole job core with real pictures on disk, an engine that draws at once, and the commands on top. */
export async function openDrawingRoom(engineOptions: InstantEngineOptions = {}, limits = { maxJobsPerUser: 20 }) {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-commands-'));
  const engine = createInstantEngine(engineOptions);
  let now = 1_700_000_000_000;
  const jobs = await createJobs({
    store: createMemoryJobStore(),
    pictures: await createPictureFolder(folder),
    soleProcess: true,
    engine,
    codec: { encode: encodePng, decode: decodeStored },
    limits: { maxQueue: 100, dailyImagesPerUser: 1_000, ...limits },
    retentionDays: 30,
    logger: pino({ level: 'silent' }),
    clock: () => (now += 1),
    random: () => 0.5,
  });
  const platform: ChatPlatform = {
    name: 'web',
    start: () => Promise.resolve(),
    showProgress: () => undefined,
    deliver: () => Promise.resolve({ message: null }),
    close: () => Promise.resolve(),
  };
  await jobs.start([platform, { ...platform, name: 'slack' }]);
  let seed = 1_000;
  const services: CommandServices = {
    jobs,
    engine: engine.describe(),
    ...createReadAttachments(),
    randomSeed: () => (seed += 10),
  };

  const ask = (
    command: string,
    options: Record<string, OptionValue> = {},
    requester: Requester = somebody('ada'),
    idempotencyKey: string = randomUUID(),
  ): Promise<Reply> => {
    const { platform: name, workspace } = requester;
    const replyTo = {
      platform: name,
      workspace,
      channel: 'general',
      thread: null,
      message: null,
      ageRestricted: false,
    };
    return dispatch({ command, options, requester, replyTo, idempotencyKey }, services);
  };

  /** The job of a reply, once it is as far as that. */
  const until = (reply: Reply, state: Job['state']): Promise<Job> => {
    const { id } = jobOf(reply);
    const { promise, resolve, reject } = Promise.withResolvers<Job>();
    const stop = jobs.subscribe((event) => {
      if (event.type !== 'state' || event.job.id !== id) return;
      if (event.job.state === state) resolve(event.job);
      else if (event.job.state === 'failed') reject(new Error(event.job.failure.message));
    });
    const deadline = setTimeout(() => reject(new Error(`Expected the job to be ${state} within 10 s.`)), 10_000);
    // It may have happened before anybody listened.
    jobs.get(id).then((job) => job?.state === state && resolve(job), reject);
    return promise.finally(() => {
      clearTimeout(deadline);
      stop();
    });
  };

  /** Asks, and waits for the pictures. */
  const draw = async (...request: Parameters<typeof ask>): Promise<FinishedJob> => {
    const job = await until(await ask(...request), 'delivered');
    if (job.state !== 'delivered') throw new Error(`Expected pictures, got a job that is ${job.state}.`);
    return job;
  };

  const close = async () => {
    await jobs.close();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  };

  return { engine, jobs, services, ask, until, draw, close };
}

/** The job that a reply is about. */
export function jobOf(reply: Reply): Job {
  if (reply.kind === 'job' || reply.kind === 'details' || reply.kind === 'deleted') return reply.job;
  throw new Error(`Expected a reply about a job, got ${reply.text}`);
}

/** The text that a reply shows. */
export function textOf(reply: Reply): string {
  if ('text' in reply) return reply.text;
  throw new Error('Expected a reply with a text, got a job.');
}
