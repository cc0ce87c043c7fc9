import { Hono } from 'hono';

/** One part of the program that can be ready or not. */
export interface HealthPart {
  readonly name: string;
  check(): Promise<{ readonly ready: boolean; readonly detail: string }>;
}

const checkTimeoutMs = 2_000;

/**
 * `/healthz` answers 200 while the process lives; `/readyz` answers 200 when every part is ready, else 503, and
 * says in both cases how each part is.
 */
export function createHealthRoutes(parts: readonly HealthPart[]): Hono {
  const routes = new Hono();
  routes.get('/healthz', (context) => context.json({ status: 'ok' }));
  routes.get('/readyz', async (context) => {
    const states = await Promise.all(parts.map(checkPart));
    const ready = states.every((state) => state.ready);
    return context.json({ status: ready ? 'ready' : 'not ready', parts: states }, ready ? 200 : 503);
  });
  return routes;
}

async function checkPart(part: HealthPart): Promise<{ name: string; ready: boolean; detail: string }> {
  const { promise: timeout, resolve } = Promise.withResolvers<{ ready: boolean; detail: string }>();
  const timer = setTimeout(
    () => resolve({ ready: false, detail: `no answer within ${checkTimeoutMs} ms` }),
    checkTimeoutMs,
  );
  try {
    const { ready, detail } = await Promise.race([part.check(), timeout]);
    return { name: part.name, ready, detail };
  } catch (error) {
    return { name: part.name, ready: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
