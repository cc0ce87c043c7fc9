import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { EngineDescription } from '../../../src/engines/image-engine.ts';
import { encodePng } from '../../../src/images/png.ts';
import { createReadAttachments } from '../../../src/images/read-attachment.ts';
import { decodeStored } from '../../../src/images/stored-picture.ts';
import { createJobs, type JobCore } from '../../../src/jobs/create-jobs.ts';
import type { Job, JobState } from '../../../src/jobs/job.ts';
import type { IntakeLimits, JobStore } from '../../../src/jobs/job-store.ts';
import type { PictureStore } from '../../../src/jobs/picture-store.ts';
import { type ButtonIds, createButtonIds } from '../../../src/platforms/button-id.ts';
import type { ChatPlatform } from '../../../src/platforms/chat-platform.ts';
import type { DiscordConfig } from '../../../src/platforms/discord/discord-parts.ts';
import { createDiscordPlatform } from '../../../src/platforms/discord/discord-platform.ts';
import { createPictureFolder } from '../../../src/store/picture-folder.ts';
import { createInstantEngine, type InstantEngineOptions } from '../../engines/instant-engine.ts';
import type { DiscordServer } from '../../servers/discord/start.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';

export interface OpenBotOptions {
  readonly config?: Partial<DiscordConfig>;
  readonly engine?: InstantEngineOptions;
  readonly limits?: Partial<IntakeLimits>;
  /** Of a bot before: with them this one is a restart. */
  readonly before?: Pick<Bot, 'store' | 'pictures'>;
  /** @default true */
  readonly start?: boolean;
  readonly buttonSecret?: string;
  /** How many models are on offer. @default the engine's one */
  readonly models?: number;
}

// A bot that is started again still needs the pictures of the one before.
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** The bot with everything behind it, on a Discord of our own. */
export interface Bot {
  readonly platform: ChatPlatform;
  readonly jobs: JobCore;
  readonly store: JobStore;
  readonly pictures: PictureStore;
  readonly engine: ReturnType<typeof createInstantEngine>;
  readonly ids: ButtonIds;
  readonly config: DiscordConfig;
  /** Everything that was logged. */
  readonly log: readonly Record<string, unknown>[];
  /** Resolves when something like this is logged, or has been. */
  logged(message: RegExp): Promise<void>;
  /** The newest job, once it has reached this state. */
  reached(state: JobState, fits?: (job: Job) => boolean): Promise<Job>;
  close(): Promise<void>;
}

function withModels(description: EngineDescription, count: number | undefined): EngineDescription {
  const [model] = description.models;
  if (count === undefined || model === undefined) return description;
  const models = Array.from({ length: count }, (_, index) => ({
    ...model,
    id: `model-${index}`,
    title: `Model ${index}`,
  }));
  return { ...description, models };
}

export function configFor(server: DiscordServer, changes: Partial<DiscordConfig> = {}): DiscordConfig {
  return {
    DISCORD_TOKEN: server.token,
    DISCORD_GUILD_ID: null,
    DISCORD_CHANNELS: [],
    DISCORD_API_URL: server.apiUrl,
    DISCORD_CDN_URL: server.cdnUrl,
    ADMIN_USERS: [],
    ...changes,
  };
}

/** Real discord.js, real commands and job core, pictures on disk; only the engine draws at once. */
export async function openBot(server: DiscordServer, options: OpenBotOptions = {}): Promise<Bot> {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-discord-'));
  folders.push(folder);
  const engine = createInstantEngine(options.engine);
  const store = options.before?.store ?? createMemoryJobStore();
  const pictures = options.before?.pictures ?? (await createPictureFolder(folder));
  const log: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const logger = pino(
    { level: 'debug' },
    {
      write(line: string) {
        log.push(JSON.parse(line));
        for (const look of [...waiting]) look();
      },
    },
  );
  const jobs = await createJobs({
    store,
    pictures,
    soleProcess: true,
    engine,
    codec: { encode: encodePng, decode: decodeStored },
    limits: { maxQueue: 100, maxJobsPerUser: 20, dailyImagesPerUser: 1_000, ...options.limits },
    retentionDays: 30,
    logger,
    clock: server.clock.now,
    random: Math.random,
    runner: { pollMs: 20 },
    delivery: { pollMs: 20 },
  });
  const events: Job[] = [];
  const until = <Found>(find: () => Found | undefined): Promise<Found> => {
    const { promise, resolve } = Promise.withResolvers<Found>();
    const look = () => {
      const found = find();
      if (found === undefined) return;
      waiting.delete(look);
      resolve(found);
    };
    waiting.add(look);
    look();
    return promise;
  };
  jobs.subscribe((event) => {
    if (event.type !== 'state') return;
    events.push(event.job);
    for (const look of [...waiting]) look();
  });
  const services: CommandServices = {
    get engine() {
      return withModels(engine.describe(), options.models);
    },
    jobs,
    ...createReadAttachments(),
    randomSeed: () => Math.floor(Math.random() * 0x1_0000_0000),
  };
  const config = configFor(server, options.config);
  const ids = createButtonIds(Buffer.from(options.buttonSecret ?? 'a secret for tests only'));
  const platform = createDiscordPlatform({ config, services, ids, logger, clock: server.clock.now });
  if (options.start !== false) await platform.start();
  await jobs.start([platform]);

  return {
    platform,
    jobs,
    store,
    pictures,
    engine,
    ids,
    config,
    log,
    async logged(message) {
      await until(() => log.find(({ msg }) => message.test(String(msg))));
    },
    reached: (state, fits = () => true) => until(() => events.findLast((job) => job.state === state && fits(job))),
    async close() {
      await platform.close();
      await jobs.close();
      await engine.close();
    },
  };
}
