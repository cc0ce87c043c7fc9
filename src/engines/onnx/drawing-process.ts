import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ConfigError, EngineError } from '../../errors.ts';
import type { ModelDescription } from '../image-engine.ts';
import type { FromDrawingProcess, ToDrawingProcess } from './messages.ts';

const maxStderrCharacters = 2_000;

export interface DrawingProcessOptions {
  readonly modelDir: string;
  readonly threads: number;
  /** Everything but what concerns the opening. */
  readonly onMessage: (message: Exclude<FromDrawingProcess, { type: 'ready' | 'refused' }>) => void;
  /** It ended after it was ready, and nobody had called `stop`. */
  readonly onCrash: (error: EngineError) => void;
}

/** A process that has its models open. */
export interface DrawingProcess {
  readonly model: ModelDescription;
  readonly openMs: number;
  readonly pid: number;
  send(message: ToDrawingProcess): void;
  /** Ends it at once; resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a drawing process and waits until its models are open. It is a process and not a thread so that a fault in
 * native code, or the kernel's want of memory, costs one drawing and not the bot, and so that it can have a lower
 * priority than chat. Throws a `ConfigError` about the folder, or an `EngineError` when it ends before it is ready.
 */
export async function startDrawingProcess(
  options: DrawingProcessOptions,
  signal: AbortSignal,
): Promise<DrawingProcess> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL('./draw-main.ts', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    // It could not be started at all: then there is no exit.
    child.once('error', () => child.pid === undefined && resolve());
  });
  let stopped = false;
  const stop = async () => {
    stopped = true;
    child.kill('SIGKILL');
    await exited;
  };
  const opened = Promise.withResolvers<{ readonly model: ModelDescription; readonly openMs: number }>();
  let isOpen = false;
  const onAbort = () => opened.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });

  child.on('message', (message: FromDrawingProcess) => {
    if (message.type === 'ready') opened.resolve(message);
    else if (message.type === 'refused') opened.reject(new ConfigError(message.problems));
    else if (!stopped) options.onMessage(message);
  });
  const stderr = keepTail(child);
  child.on('error', (cause) => {
    opened.reject(new EngineError('engine_crashed', 'The drawing process failed to run.', { cause, retryable: true }));
  });
  child.once('exit', (code, killedBy) => {
    const detail = killedBy === null ? `with code ${code}` : `by ${killedBy}`;
    const error = new EngineError('engine_crashed', `The drawing process was ended ${detail}.`, {
      cause: stderr(),
      retryable: true,
    });
    if (isOpen && !stopped) options.onCrash(error);
    else opened.reject(error);
  });

  child.send({ type: 'open', modelDir: options.modelDir, threads: options.threads } satisfies ToDrawingProcess);
  try {
    const { model, openMs } = await opened.promise;
    isOpen = true;
    const send = (message: ToDrawingProcess) => void (child.connected && child.send(message));
    return { model, openMs, pid: child.pid ?? 0, send, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What native code prints before it dies is the only trace it leaves. */
function keepTail(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-maxStderrCharacters);
  });
  return () => tail;
}
