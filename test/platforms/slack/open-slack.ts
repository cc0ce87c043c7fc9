import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import pino from 'pino';
import { afterEach } from 'vitest';
import type { CommandServices } from '../../../commands/define-command.ts';
import { commands } from '../../../commands/index.ts';
import { encodePng } from '../../../src/images/png.ts';
import { createReadAttachments } from '../../../src/images/read-attachment.ts';
import { decodeStored } from '../../../src/images/stored-picture.ts';
import { type CreateJobsOptions, createJobs } from '../../../src/jobs/create-jobs.ts';
import type { JobState } from '../../../src/jobs/job.ts';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import type { PictureStore } from '../../../src/jobs/picture-store.ts';
import { createButtonIds } from '../../../src/platforms/button-id.ts';
import { renderSlackManifest } from '../../../src/platforms/slack/manifest.ts';
import { createSlackPlatform, type SlackPlatformOptions } from '../../../src/platforms/slack/slack-platform.ts';
import { createPictureFolder } from '../../../src/store/picture-folder.ts';
import { createInstantEngine, type InstantEngineOptions } from '../../engines/instant-engine.ts';
import { type SlackServer, type SlackServerOptions, startSlackServer } from '../../servers/slack/start-slack-server.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';

export const secret = new TextEncoder().encode('a secret of these tests');

export interface OpenSlackOptions {
  readonly server?: SlackServerOptions;
  readonly engine?: InstantEngineOptions;
  readonly platform?: Partial<SlackPlatformOptions>;
  readonly jobs?: Partial<CreateJobsOptions>;
  readonly mode?: 'socket' | 'http';
  readonly installable?: (slack: SlackServer) => NonNullable<SlackPlatformOptions['install']>;
}

/** The bot without its main program: jobs with a real engine, and Slack's adapter. */
export async function openBot(
  slack: SlackServer,
  options: OpenSlackOptions & { readonly store?: JobStore; readonly pictures: PictureStore },
) {
  const engine = createInstantEngine(options.engine);
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const store = options.store ?? createMemoryJobStore();
  const jobs = await createJobs({
    store,
    pictures: options.pictures,
    soleProcess: true,
    engine,
    codec: { encode: encodePng, decode: decodeStored },
    limits: { maxQueue: 100, maxJobsPerUser: 50, dailyImagesPerUser: 1_000 },
    retentionDays: 30,
    logger,
    clock: Date.now,
    random: () => 0.5,
    runner: { pollMs: 20 },
    delivery: { pollMs: 20 },
    ...options.jobs,
  });
  const states: string[] = [];
  const watchers = new Set<() => void>();
  jobs.subscribe((event) => {
    if (event.type !== 'state') return;
    states.push(event.job.state);
    for (const look of watchers) look();
  });
  /** Resolves when so many jobs have come to that state in this process. */
  const reached = (state: JobState, count = 1): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = setTimeout(
      () => reject(new Error(`Expected ${count} to be ${state}, got ${states.join()}`)),
      20_000,
    );
    const look = () => {
      if (states.filter((known) => known === state).length >= count) resolve();
    };
    watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(deadline);
      watchers.delete(look);
    });
  };
  let seed = 1_000;
  const services: CommandServices = {
    jobs,
    engine: engine.describe(),
    ...createReadAttachments(),
    randomSeed: () => (seed += 10),
  };
  const isHttp = options.mode === 'http';
  const platform = createSlackPlatform({
    services,
    botToken: slack.botToken,
    install: options.installable?.(slack) ?? null,
    appToken: isHttp ? null : slack.appToken,
    signingSecret: isHttp ? slack.signingSecret : null,
    apiUrl: slack.apiUrl,
    channels: [],
    admins: [],
    ids: createButtonIds(secret),
    soleProcess: true,
    share: { firstMs: 5, lastMs: 50, deadlineMs: 1_000 },
    logger,
    clock: Date.now,
    ...options.platform,
  });
  const http = platform.routes === null ? null : await listen(slack, platform);
  await platform.start();
  if (http !== null) await http.connect();
  await jobs.start([platform]);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await platform.close();
    await jobs.close();
    await engine.close();
    await http?.close();
  };
  const url = http?.url ?? '';
  return { engine, jobs, store, services, platform, log, reached, url, close: () => (closing ??= close()) };
}

async function listen(slack: SlackServer, platform: Awaited<ReturnType<typeof createSlackPlatform>>) {
  if (platform.routes === null) throw new Error('Expected routes, got none.');
  const server = createServer(getRequestListener(platform.routes.fetch));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/slack/events`,
    connect: () => slack.postTo(`http://127.0.0.1:${port}/slack/events`),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A Slack with people, and the bot in it. */
export async function openSlack(options: OpenSlackOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-slack-'));
  const manifest = renderSlackManifest(commands, {
    publicUrl: options.mode === 'http' ? 'https://quartet.example' : null,
    installable: options.installable !== undefined,
  });
  const slack = await startSlackServer({ manifest, shareDelayMs: 10, pace: 100, ...options.server });
  const pictures = await createPictureFolder(folder);
  const bot = await openBot(slack, { ...options, pictures });
  let current = bot;
  return {
    ...bot,
    slack,
    folder,
    pictures,
    /** Ends the bot, and starts another with the same database and pictures. */
    async restart(changes: OpenSlackOptions = {}) {
      await current.close();
      current = await openBot(slack, { ...options, ...changes, store: bot.store, pictures });
      return current;
    },
    async close() {
      await current.close();
      await slack.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type SlackWorld = Awaited<ReturnType<typeof openSlack>>;

/** Opens worlds that are closed after each test. */
export function useSlack(): (options?: OpenSlackOptions) => Promise<SlackWorld> {
  const worlds: SlackWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });
  return async (options) => {
    const world = await openSlack(options);
    worlds.push(world);
    return world;
  };
}

/** Waits for the pictures and the buttons of the newest result in a channel. */
export async function untilResult({ slack }: SlackWorld, channel = slack.general, count = 1) {
  const buttons = await slack.until(`result ${count} with its buttons`, () => {
    const shown = slack.messages(channel).filter(({ metadata }) => partOf(metadata) === 'buttons');
    return shown.length >= count ? shown.at(-1) : null;
  });
  const all = slack.messages(channel);
  const pictures = all.filter(({ files }) => files.length > 0).at(-1);
  const parent = all.filter(({ metadata }) => partOf(metadata) === 'job').at(-1);
  if (pictures === undefined || parent === undefined) throw new Error('Expected pictures and a message, got none.');
  return { parent, pictures, buttons };
}

/** Which of a job's messages it is. */
export function partOf(metadata: Record<string, unknown> | null): unknown {
  return (metadata?.event_payload as Record<string, unknown> | undefined)?.part;
}

/** Everything that people read in a message. */
export function wordsOf(message: {
  readonly text: string;
  readonly blocks: readonly Record<string, unknown>[];
}): string {
  return `${message.text}\n${JSON.stringify(message.blocks)}`;
}
