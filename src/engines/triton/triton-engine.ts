import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError, EngineError } from '../../errors.ts';
import { checkRequest } from '../check-request.ts';
import type { EngineDescription, GenerateResult, ImageEngine, ModelDescription } from '../image-engine.ts';
import { unknownWords } from '../unknown-words.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import { mayGoElsewhere } from './errors.ts';
import { defaultTimes, type TritonTimes, tritonLimits } from './limits.ts';
import { resolveServers, type TlsFiles } from './server-address.ts';

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
  readonly times?: TritonTimes;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Between two rounds of questions while no server is ready at the start. */
const startRoundMs = 250;

/**
 * Opens the engine once one server is ready with a model that takes what we send. Throws a `ConfigError` that says
 * what differs, or who did not answer in time.
 */
export async function createTritonEngine(options: TritonEngineOptions): Promise<ImageEngine> {
  const { urls, model: tritonModel, concurrencyPerEndpoint = 1, clock, random } = options;
  const logger = options.logger.child({ component: 'triton-engine' });
  const times = { ...defaultTimes, ...options.times };
  const authHeader = parseHeader(options.authHeader);
  const addresses = await resolveServers(urls, options.tls ?? {});
  const closing = new AbortController();
  let models: readonly ModelDescription[] = [];

  /** The bot tells people once what it can draw, so every server has to be able to draw all of it. */
  const refuse = (offered: readonly ModelDescription[]): string | null => {
    if (models.length === 0) models = offered;
    const missing = models.filter(({ id }) => !offered.some((model) => model.id === id)).map(({ id }) => id);
    return missing.length === 0 ? null : `Expected the models of the other servers, got none of ${missing.join(', ')}.`;
  };
  const endpoints = addresses.map((address) =>
    createEndpoint({ address, tritonModel, authHeader, times, refuse, logger, clock, random }),
  );
  const probeAll = () => Promise.all(endpoints.map((endpoint) => endpoint.probe()));
  const available = () => endpoints.filter((endpoint) => endpoint.isAvailable());
  const closeAll = () => {
    for (const endpoint of endpoints) endpoint.close();
  };

  try {
    await untilOneIsReady(endpoints, times.startMs, clock);
  } catch (error) {
    closeAll();
    throw error;
  }
  const timer = setInterval(() => void probeAll(), times.probeMs).unref();

  const describe = (): EngineDescription => ({
    name: `Triton (${tritonModel})`,
    models,
    concurrency: Math.max(1, available().length * concurrencyPerEndpoint),
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
        const endpoint = leastBusy(
          available().filter((candidate) => !tried.has(candidate)),
          random,
        );
        if (endpoint === null) throw failure ?? nobodyIsFree(endpoints);
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
      if (closing.signal.aborted) return { ready: false, detail: 'The Triton engine is closed.' };
      if (available().length === 0) await probeAll();
      const count = available().length;
      const detail = `Triton draws with ${tritonModel} on ${count} of ${endpoints.length} servers.`;
      return { ready: count > 0, detail: [detail, ...whyNot(endpoints)].join(' ') };
    },
    async close() {
      closing.abort(new EngineError('engine_closed', 'The engine was closed.', { retryable: true }));
      clearInterval(timer);
      closeAll();
    },
  };
}

async function untilOneIsReady(endpoints: readonly Endpoint[], startMs: number, clock: () => number): Promise<void> {
  const giveUpAt = clock() + startMs;
  for (;;) {
    await Promise.all(endpoints.map((endpoint) => endpoint.probe()));
    const states = endpoints.map((endpoint) => endpoint.status().state);
    if (states.includes('ready')) return;
    // Waiting does not mend a wrong model.
    const isHopeless = states.every((state) => state === 'unsuitable');
    if (isHopeless || clock() + startRoundMs > giveUpAt) {
      throw new ConfigError([
        'TRITON_URLS: expected a Triton server that is ready, got none.',
        ...whyNot(endpoints).map((reason) => `  ${reason}`),
      ]);
    }
    await delay(startRoundMs);
  }
}

function whyNot(endpoints: readonly Endpoint[]): string[] {
  return endpoints.flatMap((endpoint) => {
    const status = endpoint.status();
    if (status.state !== 'ready') return [status.detail];
    return endpoint.isAvailable() ? [] : [`${endpoint.url} failed several times and is left alone for a while.`];
  });
}

/** The one with the fewest requests in its hands; chance decides between equals. */
function leastBusy(endpoints: readonly Endpoint[], random: () => number): Endpoint | null {
  const free = endpoints.filter((endpoint) => endpoint.outstanding() < tritonLimits.maxOutstanding);
  const fewest = Math.min(...free.map((endpoint) => endpoint.outstanding()));
  const best = free.filter((endpoint) => endpoint.outstanding() === fewest);
  return best[Math.floor(random() * best.length)] ?? null;
}

function nobodyIsFree(endpoints: readonly Endpoint[]): EngineError {
  const isBusy = endpoints.some((endpoint) => endpoint.isAvailable());
  const got = isBusy ? 'none with room.' : `none. ${whyNot(endpoints).join(' ')}`;
  const message = `Expected a Triton server that takes requests, got ${got}`;
  return new EngineError(isBusy ? 'engine_busy' : 'engine_unavailable', message, { retryable: true });
}

function parseHeader(header: string | undefined): { name: string; value: string } | null {
  if (header === undefined) return null;
  const match = /^([a-z0-9_.-]+):\s*([\x20-\x7e]+)$/i.exec(header.trim());
  // It is a secret, so the message does not repeat it.
  if (match === null) throw new ConfigError(['TRITON_AUTH_HEADER: expected "name: value", got something else.']);
  const [, name = '', value = ''] = match;
  return { name: name.toLowerCase(), value };
}
