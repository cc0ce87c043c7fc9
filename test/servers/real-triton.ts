import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');

/** Why no real Triton can be started here, or null; the suite is offline, so it gets nothing by itself. */
export const whyNoTriton: string | null = existsSync(join(root, '.triton/ready.json'))
  ? null
  : 'not prepared: run `python3 triton-models/run_triton.py --prepare-only` once';

export interface RealTriton {
  readonly url: string;
  readonly port: number;
  /** Triton's own counters, in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** As `kill -9` of the server does. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts NVIDIA's server with these model folders; resolves once it is ready. */
export async function startRealTriton(pipelines: readonly string[], grpcPort?: number): Promise<RealTriton> {
  const [http, metrics, free] = [await freePort(), await freePort(), await freePort()];
  const port = grpcPort ?? free;
  const ports = ['--grpc-port', port, '--http-port', http, '--metrics-port', metrics].map(String);
  const child = spawn('python3', ['triton-models/run_triton.py', ...ports, '--pipelines', ...pipelines], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const ready = Promise.withResolvers<number>();
  createInterface(child.stdout).on('line', (line) => {
    const pid = /ready \(process (\d+)\)/.exec(line)?.[1];
    if (pid !== undefined) ready.resolve(Number(pid));
  });
  void exited.then(() => ready.reject(new Error(`Expected Triton to start, got: ${said}`)));
  const pid = await ready.promise;
  return {
    url: `grpc://127.0.0.1:${port}`,
    port,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
    async kill() {
      process.kill(pid, 'SIGKILL');
      await exited;
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await exited;
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
  if (address === null || typeof address === 'string') throw new Error('Expected a port.');
  return address.port;
}
