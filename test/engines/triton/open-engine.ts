import { pino } from 'pino';
import type { ImageEngine } from '../../../src/engines/image-engine.ts';
import { createTritonEngine, type TritonEngineOptions } from '../../../src/engines/triton/triton-engine.ts';
import { startTritonServer, type TritonServer, type TritonServerOptions } from '../../servers/triton.ts';

const servers: TritonServer[] = [];
const engines: ImageEngine[] = [];

/** A server of our own, until `closeAll`. */
export async function serve(options: TritonServerOptions = {}): Promise<TritonServer> {
  const server = await startTritonServer(options);
  servers.push(server);
  return server;
}

/** An engine that asks often and waits little, closed by `closeAll`. */
export async function open(...asked: Parameters<typeof openUnkept>): Promise<ImageEngine> {
  const engine = await openUnkept(...asked);
  engines.push(engine);
  return engine;
}

/** The same, closed by whoever opened it. */
export function openUnkept(urls: readonly string[], changes: Partial<TritonEngineOptions> = {}): Promise<ImageEngine> {
  return createTritonEngine({
    urls,
    model: 'stable_diffusion',
    logger: pino({ level: 'silent' }),
    clock: Date.now,
    random: () => 0,
    ...changes,
    times: { probeMs: 50, startMs: 1_000, ...changes.times },
  });
}

/** After each test. */
export async function closeAll(): Promise<void> {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  for (const server of servers.splice(0)) server.kill();
}
