import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { pino } from 'pino';
import type { ImageEngine } from '../../../src/engines/image-engine.ts';
import { encodePng } from '../../../src/images/png.ts';
import { createReadAttachments } from '../../../src/images/read-attachment.ts';
import { decodeStored } from '../../../src/images/stored-picture.ts';
import { createJobs, type JobCore } from '../../../src/jobs/create-jobs.ts';
import type { IntakeLimits, JobStore } from '../../../src/jobs/job-store.ts';
import type { ChatPlatform } from '../../../src/platforms/chat-platform.ts';
import { createWebPlatform } from '../../../src/platforms/web/web-platform.ts';
import { createPictureFolder } from '../../../src/store/picture-folder.ts';

export interface OpenPlaygroundOptions {
  readonly engine: ImageEngine;
  /** Outlives the playground: a second one on the same store is a restart. */
  readonly store: JobStore;
  readonly folder: string;
  /** @default a free one */
  readonly port?: number;
  readonly limits?: Partial<IntakeLimits>;
}

export interface Playground {
  readonly url: string;
  readonly port: number;
  readonly jobs: JobCore;
  readonly platform: ChatPlatform;
  close(): Promise<void>;
}

/** The real thing: job core, commands, pictures on disk and the web platform on a real socket. */
export async function openPlayground(options: OpenPlaygroundOptions): Promise<Playground> {
  const { engine, store } = options;
  const logger = pino({ level: 'silent' });
  const maxUploadBytes = 2 * 1_048_576;
  const jobs = await createJobs({
    store,
    pictures: await createPictureFolder(join(options.folder, 'pictures')),
    soleProcess: true,
    engine,
    codec: { encode: encodePng, decode: decodeStored },
    limits: { maxQueue: 100, maxJobsPerUser: 20, dailyImagesPerUser: 1_000, ...options.limits },
    retentionDays: 30,
    logger,
    clock: Date.now,
    random: Math.random,
    runner: { pollMs: 50 },
    delivery: { pollMs: 50 },
  });
  const platform = await createWebPlatform({
    services: {
      get engine() {
        return engine.describe();
      },
      jobs,
      ...createReadAttachments({ maxBytes: maxUploadBytes }),
      randomSeed: () => Math.floor(Math.random() * 0x1_0000_0000),
    },
    engine,
    allowedHosts: [],
    maxUploadBytes,
    logger,
  });
  await platform.start();
  await jobs.start([platform]);
  const server = createAdaptorServer({ fetch: platform.routes.fetch });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    jobs,
    platform,
    async close() {
      await platform.close();
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      await jobs.close();
    },
  };
}

function listen(server: ServerType, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The address of a TCP server is never a string.
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
