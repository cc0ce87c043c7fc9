import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalTriton } from '../../src/bench/local-triton.ts';

export { freePort } from '../../src/bench/local-triton.ts';

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
  const { url, port, metricsUrl, pid, ended, stop } = await startLocalTriton({
    pipelines,
    ...(grpcPort !== undefined && { grpcPort }),
  });
  return {
    url,
    port,
    metrics: async () => (await fetch(metricsUrl)).text(),
    async kill() {
      process.kill(pid, 'SIGKILL');
      await ended;
    },
    stop,
  };
}
