import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { QuartetError } from '../errors.ts';

const root = join(import.meta.dirname, '../..');

export interface LocalTritonOptions {
  /** Model folders to serve; the first is the default. */
  readonly pipelines: readonly string[];
  /** @default a free one */
  readonly grpcPort?: number;
  /** Stops it at once. */
  readonly signal?: AbortSignal;
  /** What it says before it is ready. */
  readonly onLine?: (line: string) => void;
}

/** A Triton of NVIDIA's that runs here, without a container. */
export interface LocalTriton {
  readonly url: string;
  readonly port: number;
  /** Its counters, in the text format of Prometheus. */
  readonly metricsUrl: string;
  /** The server's process. */
  readonly pid: number;
  /** Resolves once it is gone. */
  readonly ended: Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Starts `run_triton.py`; resolves once the server is ready, rejects with what was said when it cannot be. */
export async function startLocalTriton(options: LocalTritonOptions): Promise<LocalTriton> {
  const [http, metrics, free] = [await freePort(), await freePort(), await freePort()];
  const port = options.grpcPort ?? free;
  const ports = ['--grpc-port', port, '--http-port', http, '--metrics-port', metrics].map(String);
  const line = ['triton-models/run_triton.py', ...ports, '--pipelines', ...options.pipelines];
  const { signal } = options;
  const child = spawn('python3', line, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
  const ready = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<void>();
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2_000);
  });
  createInterface(child.stdout).on('line', (text) => {
    const pid = /ready \(process (\d+)\)/.exec(text)?.[1];
    if (pid === undefined) options.onLine?.(text);
    else ready.resolve(Number(pid));
  });
  const end = (reason: string) => {
    ready.reject(new QuartetError('triton_not_started', `Expected Triton to start here, got: ${reason.trim()}`));
    closed.resolve();
  };
  child.on('error', (error) => end(error.message));
  child.on('close', () => end(said || 'nothing'));
  const pid = await ready.promise;
  return {
    url: `grpc://127.0.0.1:${port}`,
    port,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    pid,
    ended: closed.promise,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await closed.promise;
    },
  };
}

/** A port of 127.0.0.1 that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('Expected a port.');
  return address.port;
}
