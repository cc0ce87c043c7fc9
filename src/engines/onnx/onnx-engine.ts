import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { EngineError, InvalidRequestError, type QuartetError } from '../../errors.ts';
import { checkRequest } from '../check-request.ts';
import type { EngineDescription, EngineProgress, GenerateResult, ImageEngine } from '../image-engine.ts';
import { type DrawingProcess, startDrawingProcess } from './drawing-process.ts';
import type { FromDrawingProcess, PlainError } from './messages.ts';

export interface OnnxEngineOptions {
  /** A pipeline folder: `pipeline.json`, `tokenizer.json` and four ONNX models. */
  readonly modelDir: string;
  readonly logger: Logger;
  /** Threads that compute, 1 and up. @default what the machine offers */
  readonly threads?: number;
  /** Requests that may wait or run at once; more are refused. @default 16 */
  readonly maxRequests?: number;
}

/** Waits between attempts to start again, in milliseconds; the last one repeats. */
const restartDelaysMs = [0, 1_000, 2_000, 5_000, 15_000] as const;

interface Pending {
  readonly onProgress: (progress: EngineProgress) => void;
  readonly resolve: (result: GenerateResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the embedded engine: ONNX Runtime in a process of its own, which is started anew when it dies. Throws a
 * `ConfigError` with one sentence when the folder is missing or damaged.
 */
export async function createOnnxEngine(options: OnnxEngineOptions): Promise<ImageEngine> {
  const { modelDir, maxRequests = 16, threads = availableParallelism() } = options;
  const logger = options.logger.child({ component: 'onnx-engine' });
  const closing = new AbortController();
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let live: DrawingProcess | null = null;
  let restarting: Promise<void> = Promise.resolve();

  const start = () => startDrawingProcess({ modelDir, threads, onMessage, onCrash }, closing.signal);

  function onMessage(message: Exclude<FromDrawingProcess, { type: 'ready' | 'refused' }>): void {
    const waiting = pending.get(message.id);
    if (waiting === undefined) return; // it was given up meanwhile
    switch (message.type) {
      case 'progress':
        try {
          waiting.onProgress(message.progress);
        } catch (error) {
          giveUp(message.id, error);
        }
        break;
      case 'done':
        waiting.resolve(message.result);
        break;
      case 'failed':
        waiting.reject(fromPlainError(message.error));
        break;
      default:
        message satisfies never;
    }
  }

  /** At once, because several messages can arrive in one turn: nothing is told after this. */
  function giveUp(id: number, reason: unknown): void {
    pending.get(id)?.reject(reason);
    pending.delete(id);
    live?.send({ type: 'cancel', id });
  }

  function onCrash(error: EngineError): void {
    logger.error({ err: error }, 'drawing process ended unexpectedly');
    live = null;
    for (const { reject } of pending.values()) reject(error);
    restarting = restart();
  }

  async function restart(): Promise<void> {
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      const waitMs = restartDelaysMs[Math.min(attempt, restartDelaysMs.length - 1)];
      try {
        await delay(waitMs, undefined, { signal: closing.signal });
        live = await start();
        logger.info({ attempt, openMs: Math.round(live.openMs) }, 'drawing process started again');
        return;
      } catch (error) {
        if (!closing.signal.aborted) logger.error({ err: error, attempt }, 'drawing process did not start');
      }
    }
  }

  live = await start();
  const description: EngineDescription = { name: 'embedded (onnxruntime)', models: [live.model], concurrency: 1 };
  logger.info({ model: live.model.id, threads, openMs: Math.round(live.openMs) }, 'drawing process ready');

  return {
    describe: () => description,
    async generate(request, { signal, onProgress }) {
      signal.throwIfAborted();
      closing.signal.throwIfAborted();
      checkRequest(description, request);
      const process = live;
      if (process === null) {
        throw new EngineError('engine_away', 'The drawing process is being started again.', { retryable: true });
      }
      if (pending.size >= maxRequests) {
        const message = `Expected at most ${maxRequests} requests at once, got one more.`;
        throw new EngineError('engine_busy', message, { retryable: true });
      }
      const id = nextId++;
      const either = AbortSignal.any([signal, closing.signal]);
      const { promise, resolve, reject } = Promise.withResolvers<GenerateResult>();
      const onAbort = () => giveUp(id, either.reason);
      either.addEventListener('abort', onAbort, { once: true });
      pending.set(id, { onProgress, resolve, reject });
      process.send({ type: 'draw', id, request });
      try {
        return await promise;
      } finally {
        pending.delete(id);
        either.removeEventListener('abort', onAbort);
      }
    },
    async health() {
      if (closing.signal.aborted) return { ready: false, why: 'closed', detail: 'The embedded engine is closed.' };
      if (live === null) {
        return { ready: false, why: 'restarting', detail: 'The drawing process died and is being started again.' };
      }
      const names = description.models.map(({ title }) => title).join(', ');
      const detail = `The embedded engine draws with ${names} on ${threads} threads (process ${live.pid}).`;
      return { ready: true, detail };
    },
    async close() {
      closing.abort(new EngineError('engine_closed', 'The engine was closed.', { retryable: true }));
      await restarting;
      await live?.stop();
    },
  };
}

function fromPlainError({ code, message, retryable }: PlainError): QuartetError {
  if (code.startsWith('invalid_')) return new InvalidRequestError(code, message, { retryable });
  return new EngineError(code, message, { retryable });
}
