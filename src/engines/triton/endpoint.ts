import { create } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import {
  GRPCInferenceService,
  type ModelConfig,
  ModelConfigRequestSchema,
  ModelMetadataRequestSchema,
  ModelReadyRequestSchema,
} from '../../../proto/gen/inference_pb.ts';
import { EngineError, QuartetError } from '../../errors.ts';
import type { GenerateOptions, GenerateRequest, GenerateResult, ModelDescription } from '../image-engine.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createConnection } from './connection.ts';
import { drawOverStream } from './draw-stream.ts';
import { isAway, mayGoElsewhere } from './errors.ts';
import { missingInputs, toInferRequest } from './infer-request.ts';
import type { TritonTimes } from './limits.ts';
import { differencesOf, inputNames } from './model-contract.ts';
import { describeModels } from './model-description.ts';
import type { ServerAddress } from './server-address.ts';

/** What one server needs. */
export interface EndpointOptions {
  readonly address: ServerAddress;
  /** Triton's name of the model. */
  readonly tritonModel: string;
  readonly authHeader: { readonly name: string; readonly value: string } | null;
  readonly times: Required<TritonTimes>;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Whether a server can be used, as far as is known; `unsuitable` is one that answers, but cannot do our work. */
export type EndpointStatus =
  | { readonly state: 'ready' }
  | { readonly state: 'away' | 'unsuitable'; readonly detail: string };

/** One Triton server. */
export interface Endpoint {
  readonly url: string;
  status(): EndpointStatus;
  /** What it said last that it can draw, also while it is away; null where that is not known. */
  models(): readonly ModelDescription[] | null;
  /** Ready, and not resting from failures. */
  isAvailable(): boolean;
  /** Requests in its hands. */
  outstanding(): number;
  /** Asks whether it is ready, whether its model is one that we know how to call, and what that can draw. Never rejects. */
  probe(): Promise<void>;
  draw(request: GenerateRequest, options: GenerateOptions): Promise<Omit<GenerateResult, 'unknownWords'>>;
  close(): void;
}

/** Timeouts in a row after which the connection is taken for dead. */
const maxMisses = 2;

/** A server that nothing is known of yet. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { address, tritonModel, times, clock, random } = options;
  const { url } = address;
  const logger = options.logger.child({ server: url });
  const breaker = createCircuitBreaker({ clock, random });
  const connect = () => createConnection({ ...address, authHeader: options.authHeader, clock });
  let connection = connect();
  let status: EndpointStatus = { state: 'away', detail: `${url} was not asked yet.` };
  let models: readonly ModelDescription[] | null = null;
  let inputs: ReadonlySet<string> = new Set();
  let hasConfig = true;
  let outstanding = 0;
  let misses = 0;
  let requests = 0;
  let probing: Promise<void> | null = null;

  const become = (next: EndpointStatus): void => {
    const before = status;
    status = next;
    if (next.state === 'ready' && before.state !== 'ready') logger.info('Triton server is ready');
    if (next.state !== 'ready' && (before.state === 'ready' || before.detail !== next.detail)) {
      logger.warn({ detail: next.detail }, 'Triton server cannot be used');
    }
  };

  const probe = async (): Promise<void> => {
    try {
      const name = tritonModel;
      const question = create(ModelReadyRequestSchema, { name });
      const { ready } = await connection.ask(GRPCInferenceService.method.modelReady, question, times.probeTimeoutMs);
      if (!ready) become({ state: 'away', detail: `${url} is not ready to serve \`${name}\`.` });
      // Three questions of a few kilobytes: cheap enough to see at once when somebody changed the model.
      else become(await inspect());
      misses = 0;
    } catch (error) {
      missed(error);
    }
  };

  const missed = (error: unknown): void => {
    const timedOut = error instanceof QuartetError && error.code === 'engine_timeout';
    misses = timedOut ? misses + 1 : 0;
    if (misses >= maxMisses) {
      misses = 0;
      connection.close();
      connection = connect();
    } else if (timedOut && status.state === 'ready') {
      return;
    }
    const isForbidden = error instanceof QuartetError && error.code === 'engine_forbidden';
    const detail = error instanceof Error ? error.message : String(error);
    become({ state: isForbidden ? 'unsuitable' : 'away', detail });
  };

  const inspect = async (): Promise<EndpointStatus> => {
    const { method } = GRPCInferenceService;
    const question = create(ModelMetadataRequestSchema, { name: tritonModel });
    const [metadata, config] = await Promise.all([
      connection.ask(method.modelMetadata, question, times.probeTimeoutMs),
      readConfig(),
    ]);
    const described = describeModels(tritonModel, metadata, config);
    const problems = [...differencesOf(metadata, config), ...described.problems];
    models = problems.length === 0 ? described.models : null;
    inputs = inputNames(metadata);
    if (problems.length === 0) return { state: 'ready' };
    return { state: 'unsuitable', detail: `\`${tritonModel}\` on ${url} differs. ${problems.join(' ')}` };
  };

  /** An operator may have closed this part of the protocol; then the model is taken for Stable Diffusion 1.5. */
  const readConfig = async (): Promise<ModelConfig | null> => {
    try {
      const question = create(ModelConfigRequestSchema, { name: tritonModel });
      const { config } = await connection.ask(GRPCInferenceService.method.modelConfig, question, times.probeTimeoutMs);
      hasConfig = true;
      return config ?? null;
    } catch (error) {
      if (error instanceof QuartetError && (isAway(error) || error.code === 'engine_timeout')) throw error;
      if (hasConfig) logger.warn({ err: error }, 'Triton does not tell the model’s config');
      hasConfig = false;
      return null;
    }
  };

  const judge = (error: unknown): void => {
    const code = error instanceof QuartetError ? error.code : null;
    const failed = (mayGoElsewhere(error) || code === 'engine_timeout') && code !== 'engine_busy';
    if (failed) breaker.failed();
    else breaker.toldNothing();
    if (error instanceof QuartetError && isAway(error)) become({ state: 'away', detail: error.message });
  };

  return {
    url,
    status: () => status,
    models: () => models,
    isAvailable: () => status.state === 'ready' && breaker.allows(),
    outstanding: () => outstanding,
    probe: () => (probing ??= probe().finally(() => (probing = null))),
    async draw(request, { signal, onProgress }) {
      const namesModel = models !== null && models.length > 1;
      const lacking = missingInputs(request, inputs);
      if (lacking.length > 0) {
        const expected = `Expected \`${tritonModel}\` on ${url} to take ${lacking.map((name) => `\`${name}\``).join(', ')}`;
        throw new EngineError('engine_input_missing', `${expected}, got a model without.`);
      }
      const message = toInferRequest(request, { tritonModel, namesModel, inputs, id: String(++requests) });
      outstanding++;
      breaker.begun();
      try {
        await untilAborted(connection.connect(times.connectMs), signal);
        const call = connection.openStream(times.drawingMs);
        const { silenceMs } = times;
        const drawn = await drawOverStream({ call, message, request, url, silenceMs, signal, onProgress });
        breaker.succeeded();
        return drawn;
      } catch (error) {
        if (signal.aborted) breaker.toldNothing();
        else judge(error);
        throw error;
      } finally {
        outstanding--;
      }
    },
    close: () => connection.close(),
  };
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
