import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { CommandServices } from '../commands/define-command.ts';
import type { Config } from './config.ts';
import type { ImageEngine } from './engines/image-engine.ts';
import { createOnnxEngine } from './engines/onnx/onnx-engine.ts';
import type { TlsFiles } from './engines/triton/server-address.ts';
import { ConfigError } from './errors.ts';
import { encodePng } from './images/png.ts';
import { createReadAttachments } from './images/read-attachment.ts';
import { decodeStored } from './images/stored-picture.ts';
import { createJobs } from './jobs/create-jobs.ts';
import type { PictureCodec } from './jobs/draw.ts';
import { makeFolder } from './make-folder.ts';
import { createButtonIds } from './platforms/button-id.ts';
import { loadButtonSecret } from './platforms/button-secret.ts';
import type { ChatPlatform } from './platforms/chat-platform.ts';
import { createWebPlatform } from './platforms/web/web-platform.ts';
import { openStore, type Store } from './store/open-store.ts';
import { createHealthRoutes } from './telemetry/health.ts';

/** The running program. */
export interface Quartet {
  /** Where the playground and the health pages are. */
  readonly url: string;
  /** Take nothing more in, finish or hand back what is being drawn, close everything. Idempotent. */
  stop(): Promise<void>;
}

/**
 * The engine of a configuration: Triton where servers are named, else the embedded one. With a file to remember models
 * in, it opens also while no Triton server is ready.
 */
export async function openEngine(
  config: Config,
  logger: Logger,
  options: { readonly modelsFile?: string } = {},
): Promise<ImageEngine> {
  if (config.TRITON_URLS !== null) {
    // grpc-js takes a while to load, and the embedded engine does without.
    const { createTritonEngine } = await import('./engines/triton/triton-engine.ts');
    return createTritonEngine({
      urls: config.TRITON_URLS,
      model: config.TRITON_MODEL,
      concurrencyPerEndpoint: config.TRITON_CONCURRENCY,
      ...(config.TRITON_AUTH_HEADER !== null && { authHeader: config.TRITON_AUTH_HEADER }),
      tls: tlsFilesOf(config),
      ...options,
      logger,
      clock: Date.now,
      random: Math.random,
    });
  }
  return createOnnxEngine({
    modelDir: config.MODEL_DIR,
    logger,
    ...(config.ENGINE_THREADS === null ? {} : { threads: config.ENGINE_THREADS }),
  });
}

/** The TLS files of a configuration. */
export function tlsFilesOf(config: Config): TlsFiles {
  return {
    ...(config.TRITON_CA_FILE !== null && { caFile: config.TRITON_CA_FILE }),
    ...(config.TRITON_CERT_FILE !== null && { certFile: config.TRITON_CERT_FILE }),
    ...(config.TRITON_KEY_FILE !== null && { keyFile: config.TRITON_KEY_FILE }),
  };
}

/** Where parts come from; `bench` puts clocks around them. */
export interface PartSources {
  readonly openEngine: typeof openEngine;
  readonly openStore: typeof openStore;
  readonly codec: PictureCodec;
}

/** The program's own. */
export const ownParts: PartSources = { openEngine, openStore, codec: { encode: encodePng, decode: decodeStored } };

/** Builds every part from the settings, wires them and starts; throws `ConfigError` with what is wrong. */
export async function startQuartet(config: Config, logger: Logger, parts: PartSources = ownParts): Promise<Quartet> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };

  try {
    await makeFolder(config.DATA_DIR);
    const [engineOpened, storeOpened] = await Promise.allSettled([
      parts.openEngine(config, logger, { modelsFile: join(config.DATA_DIR, 'triton-models.json') }),
      parts.openStore({
        dataDir: config.DATA_DIR,
        logger,
        ...(config.DATABASE_URL === null ? {} : { databaseUrl: config.DATABASE_URL }),
      }),
    ]);
    if (engineOpened.status === 'fulfilled') closers.push(() => engineOpened.value.close());
    if (storeOpened.status === 'fulfilled') closers.push(() => storeOpened.value.close());
    if (engineOpened.status === 'rejected') throw engineOpened.reason;
    if (storeOpened.status === 'rejected') throw storeOpened.reason;
    const engine = engineOpened.value;
    const store = storeOpened.value;
    logger.info({ part: 'engine', name: engine.describe().name }, 'open');
    logger.info({ part: 'store', name: store.name }, 'ready');

    const jobs = await createJobs({
      store: store.jobs,
      pictures: store.pictures,
      soleProcess: store.soleProcess,
      engine,
      codec: parts.codec,
      limits: {
        maxQueue: config.MAX_QUEUE,
        maxJobsPerUser: config.MAX_JOBS_PER_USER,
        dailyImagesPerUser: config.DAILY_IMAGES_PER_USER,
      },
      retentionDays: config.RETENTION_DAYS,
      logger,
      logPrompts: config.LOG_PROMPTS,
      clock: Date.now,
      random: Math.random,
    });
    closers.push(() => jobs.drain(config.SHUTDOWN_SECONDS * 1_000));

    const maxUploadBytes = config.MAX_UPLOAD_MB * 1_048_576;
    const services: CommandServices = {
      // Each time anew: the models of a Triton may change, or be seen for the first time.
      get engine() {
        return engine.describe();
      },
      jobs,
      ...createReadAttachments({ maxBytes: maxUploadBytes }),
      randomSeed: () => randomInt(2 ** 32),
      report: (error) => logger.warn({ err: error }, 'a command was refused by something other than its options'),
    };

    const routes = new Hono();
    routes.route(
      '/',
      createHealthRoutes([
        { name: 'engine', check: () => engine.health() },
        { name: 'store', check: () => store.check().then(() => ({ ready: true, detail: store.name })) },
      ]),
    );
    const platforms: ChatPlatform[] = [];
    if (config.PLAYGROUND) {
      const web = await createWebPlatform({
        services,
        engine,
        allowedHosts: [config.HTTP_HOST, ...config.ALLOWED_HOSTS],
        maxUploadBytes,
        logger,
      });
      routes.route('/', web.routes);
      platforms.push(web);
    }
    const secret = await loadButtonSecret(config.BUTTON_SECRET, config.DATA_DIR);
    const discord = await openDiscord(config, services, secret, logger);
    if (discord !== null) platforms.push(discord);
    const slack = await openSlack(config, services, secret, store, logger);
    if (slack !== null) platforms.push(slack);
    if (slack !== null && slack.routes !== null) routes.route('/', slack.routes);

    const server = await listen(routes, config);
    closers.push(() => closeServer(server));
    for (const platform of platforms) {
      await platform.start();
      closers.push(() => platform.close());
      logger.info({ part: platform.name }, 'ready');
    }
    await jobs.start(platforms);

    const url = addressOf(server, config.HTTP_HOST);
    logger.info({ url }, 'Quartet is ready');
    let stopping: Promise<void> | null = null;
    return { url, stop: () => (stopping ??= closeAll()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Discord, where its settings are there. */
async function openDiscord(config: Config, services: CommandServices, secret: Uint8Array, logger: Logger) {
  const { DISCORD_TOKEN } = config;
  if (DISCORD_TOKEN === null) return null;
  // discord.js takes a while to load, and the playground does without.
  const { createDiscordPlatform } = await import('./platforms/discord/discord-platform.ts');
  const ids = createButtonIds(secret);
  return createDiscordPlatform({ config: { ...config, DISCORD_TOKEN }, services, ids, logger, clock: Date.now });
}

/** Slack, where its settings are there. */
async function openSlack(
  config: Config,
  services: CommandServices,
  secret: Uint8Array,
  { slackInstallations: installations, soleProcess }: Store,
  logger: Logger,
) {
  if (config.SLACK_BOT_TOKEN === null && config.SLACK_CLIENT_ID === null) return null;
  // Bolt takes a while to load, and the playground does without.
  const { createSlackFromConfig } = await import('./platforms/slack/from-config.ts');
  return createSlackFromConfig(config, { services, secret, installations, soleProcess, logger, clock: Date.now });
}

async function listen(routes: Hono, { HTTP_HOST, HTTP_PORT }: Config): Promise<Server> {
  const server = createServer(getRequestListener(routes.fetch));
  server.listen(HTTP_PORT, HTTP_HOST);
  try {
    await once(server, 'listening');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
      throw new ConfigError([`HTTP_PORT: expected a free port, got ${HTTP_PORT}, where another program listens.`]);
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`HTTP_HOST and HTTP_PORT: expected an address of this machine, got ${reason}.`]);
  }
  return server;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // Listening on every address is no address that a browser can open.
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
