import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, EngineError } from '../../errors.ts';
import { checkRequest } from '../check-request.ts';
import type { EngineDescription, GenerateResult, ImageEngine, ModelDescription } from '../image-engine.ts';
import { unknownWords } from '../unknown-words.ts';
import type { Endpoint } from './endpoint.ts';
import { mayGoElsewhere } from './errors.ts';
import { defaultTimes, type TritonTimes } from './limits.ts';
import { unseenModel } from './model-description.ts';
import { recallModels, rememberModels } from './remembered-models.ts';
import { resolveServers, type TlsFiles } from './server-address.ts';
import { createServers, type Servers } from './servers.ts';

/** What the Triton engine needs. */
export interface TritonEngineOptions {
  /** `grpc://host:8001` or `grpcs://host:8001`, each once. */
  readonly urls: readonly string[];
  /** Triton's name of the model. */
  readonly model: string;
  /** Drawings that one server is given at once, 1 to 16. @default 1 */
  readonly concurrencyPerEndpoint?: number;
  /** `name: value`, sent with every call. */
  readonly authHeader?: string;
  readonly tls?: TlsFiles;
  /**
   * Open also while no server is ready, and describe meanwhile what this file remembers of the last one. Its folder
   * exists. @default not at all: there has to be a server
   */
  readonly modelsFile?: string;
  readonly times?: TritonTimes;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Between two rounds of questions while no server is ready at the start. */
const startRoundMs = 250;

/**
 * Opens the engine once one server is ready with a model that takes what we send, or without one where that is
 * allowed. Throws a `ConfigError` that says what differs, or who did not answer in time.
 */
export async function createTritonEngine(options: TritonEngineOptions): Promise<ImageEngine> {
  const { urls, model: tritonModel, concurrencyPerEndpoint = 1, modelsFile, clock, random } = options;
  const logger = options.logger.child({ component: 'triton-engine' });
  const times = { ...defaultTimes, ...options.times };
  const authHeader = parseHeader(options.authHeader);
  const addresses = await resolveServers(urls, options.tls ?? {});
  const recalled = modelsFile === undefined ? null : await recallModels(modelsFile, tritonModel);
  const closing = new AbortController();
  let remembering = Promise.resolve();

  const remember = (models: readonly ModelDescription[]): void => {
    if (modelsFile === undefined) return;
    remembering = remembering
      .then(() => rememberModels(modelsFile, tritonModel, models))
      .catch((error: unknown) => logger.warn({ err: error }, 'the models on offer could not be written down'));
  };
  const servers = createServers({
    addresses,
    tritonModel,
    authHeader,
    times,
    onOffer: remember,
    logger,
    clock,
    random,
  });

  try {
    await untilOneIsReady(servers, { startMs: times.startMs, mayBeAway: modelsFile !== undefined, clock });
  } catch (error) {
    servers.close();
    throw error;
  }
  const timer = setInterval(() => void servers.probe(), times.probeMs).unref();

  const models = () => {
    const offer = servers.offer();
    return offer.length > 0 ? offer : (recalled ?? [unseenModel]);
  };
  const describe = (): EngineDescription => ({
    name: `Triton (${tritonModel})`,
    models: models(),
    concurrency: Math.max(1, servers.usable().length * concurrencyPerEndpoint),
  });

  return {
    describe,
    async generate(request, { signal, onProgress }): Promise<GenerateResult> {
      signal.throwIfAborted();
      closing.signal.throwIfAborted();
      const model = checkRequest(describe(), request);
      const either = AbortSignal.any([signal, closing.signal]);
      const tried = new Set<Endpoint>();
      let failure: unknown = null;
      for (;;) {
        const endpoint = servers.leastBusy(tried);
        if (endpoint === null) throw failure ?? nobodyIsFree(servers);
        tried.add(endpoint);
        try {
          const drawn = await endpoint.draw(request, { signal: either, onProgress });
          return { ...drawn, unknownWords: unknownWords(request.prompt, model.knownWords ?? model.vocabulary) };
        } catch (error) {
          either.throwIfAborted();
          if (!mayGoElsewhere(error)) throw error;
          logger.warn({ err: error, server: endpoint.url }, 'Triton server failed to draw');
          failure = error;
        }
      }
    },
    async health() {
      if (closing.signal.aborted) return { ready: false, why: 'closed', detail: 'The Triton engine is closed.' };
      if (servers.usable().length === 0) await servers.probe();
      const count = servers.usable().length;
      const reasons = servers.whyNot();
      if (count > 0) {
        const detail = `Triton draws with ${tritonModel} on ${count} of ${urls.length} servers.`;
        return { ready: true, detail: [detail, ...reasons].join(' ') };
      }
      const why = servers.trouble();
      const detail = `Drawing is paused because no Triton server ${why === 'no_server' ? 'answers' : 'is fit to draw'}.`;
      return { ready: false, why, detail: [detail, ...reasons].join(' ') };
    },
    async close() {
      closing.abort(new EngineError('engine_closed', 'The engine was closed.', { retryable: true }));
      clearInterval(timer);
      servers.close();
      await remembering;
    },
  };
}

async function untilOneIsReady(
  servers: Servers,
  options: { readonly startMs: number; readonly mayBeAway: boolean; readonly clock: () => number },
): Promise<void> {
  const giveUpAt = options.clock() + options.startMs;
  for (;;) {
    await servers.probe();
    const states = servers.all.map((endpoint) => endpoint.status().state);
    if (states.includes('ready')) return;
    // Waiting does not mend a wrong model.
    const isHopeless = states.every((state) => state === 'unsuitable');
    if (isHopeless || options.clock() + startRoundMs > giveUpAt) {
      if (options.mayBeAway && !isHopeless) return;
      throw new ConfigError([
        'TRITON_URLS: expected a Triton server that is ready, got none.',
        ...servers.whyNot().map((reason) => `  ${reason}`),
      ]);
    }
    await delay(startRoundMs);
  }
}

function nobodyIsFree(servers: Servers): EngineError {
  const isBusy = servers.usable().length > 0;
  const got = isBusy ? 'none with room.' : `none. ${servers.whyNot().join(' ')}`;
  const message = `Expected a Triton server that takes requests, got ${got}`;
  return new EngineError(isBusy ? 'engine_busy' : 'engine_away', message, { retryable: true });
}

/** `name: value` of the settings; null where there is none. */
export function parseHeader(header: string | undefined): { name: string; value: string } | null {
  if (header === undefined) return null;
  const match = /^([a-z0-9_.-]+):\s*([\x20-\x7e]+)$/i.exec(header.trim());
  // It is a secret, so the message does not repeat it.
  if (match === null) throw new ConfigError(['TRITON_AUTH_HEADER: expected "name: value", got something else.']);
  const [, name = '', value = ''] = match;
  return { name: name.toLowerCase(), value };
}
