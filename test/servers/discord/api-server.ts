import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createMisbehaviours, type Misbehaviour } from './misbehaviour.ts';
import type { Platform } from './platform.ts';
import { type BucketName, type BucketState, createRateLimits, type RateLimit } from './rate-limits.ts';
import { Refusal, refusals } from './refusal.ts';
import { readRequestBody } from './request-body.ts';
import { applicationRoutes } from './routes/application.ts';
import { channelRoutes } from './routes/channels.ts';
import { guildRoutes } from './routes/guilds.ts';
import { interactionRoutes } from './routes/interactions.ts';
import { messageRoutes } from './routes/messages.ts';
import { type ApiAnswer, findRoute, type Route } from './routing.ts';

/** A request as it came in, and how it ended. */
export interface SeenRequest {
  /** As in `POST /channels/:channel/messages`; the bare path where there is no such route. */
  readonly route: string;
  readonly path: string;
  readonly json: unknown;
  readonly files: readonly { readonly filename: string; readonly bytes: number }[];
  readonly at: number;
  /** Null: no answer was given. */
  status: number | null;
  /** Discord's own code of a refusal. */
  code: number | null;
}

const routes: readonly Route[] = [
  ...applicationRoutes,
  ...interactionRoutes,
  ...messageRoutes,
  ...channelRoutes,
  ...guildRoutes,
];

/** The REST side: `/api/v10`. */
export function createApiServer(
  platform: () => Platform,
  now: () => number,
  changedLimits: Partial<Record<BucketName, RateLimit>>,
) {
  const misbehaviours = createMisbehaviours();
  const limits = createRateLimits(changedLimits, now);
  const requests: SeenRequest[] = [];

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://api');
    const path = url.pathname.replace(/^\/api(\/v10)?(?=\/)/, '');
    const seen: SeenRequest = { route: path, path, json: null, files: [], at: now(), status: null, code: null };
    requests.push(seen);
    let bucket: BucketState | null = null;
    try {
      const found = findRoute(routes, request.method ?? 'GET', path);
      if (found === null || !url.pathname.startsWith('/api/')) throw refusals.noSuchRoute();
      if (found === 'other method') throw refusals.methodNotAllowed();
      const { route, params } = found;
      const body = await readRequestBody(request);
      const files = body.files.map(({ filename, bytes }) => ({ filename, bytes: bytes.length }));
      Object.assign(seen, { route: route.name, json: body.json, files });
      if (!route.open && request.headers.authorization !== `Bot ${platform().application.token}`)
        throw refusals.unauthorized();

      const planned = misbehaviours.next(route.name);
      await planned?.after;
      if (planned?.answer === 429) return answerLimited(response, seen, toState(planned), planned.scope ?? 'user');
      if (!route.open) {
        const global = limits.take('global', '');
        if (global.retryAfterMs !== null) return answerLimited(response, seen, global, 'global');
      }
      if (route.bucket !== null) {
        bucket = limits.take(route.bucket, majorOf(route, params));
        if (bucket.retryAfterMs !== null) return answerLimited(response, seen, bucket, 'user');
      }
      const work = async () =>
        route.answer({
          platform: platform(),
          ...body,
          query: url.searchParams,
          param: (name) => params.get(name) ?? '',
        });
      if (planned !== null && planned.answer !== 'late') return await answerWrongly(response, seen, planned, work);
      finish(response, seen, await work(), bucket);
    } catch (error) {
      refuse(response, seen, error, bucket);
    } finally {
      platform().changed();
    }
  };

  const server = createServer((request, response) => void serve(request, response));
  return {
    server,
    requests: requests as readonly SeenRequest[],
    misbehave: misbehaviours.add,
    behave: misbehaviours.clear,
  };
}

function majorOf(route: Route, params: ReadonlyMap<string, string>): string {
  return route.major.map((name) => params.get(name) ?? '').join('/');
}

function toState(plan: Misbehaviour): BucketState {
  const retryAfterMs = plan.retryAfterMs ?? 1000;
  return {
    limit: 5,
    windowMs: 5000,
    bucket: 'misbehaviour',
    remaining: 0,
    resetAt: Date.now() + retryAfterMs,
    resetAfterMs: retryAfterMs,
    retryAfterMs,
  };
}

function bucketHeaders(state: BucketState): Record<string, string> {
  return {
    'x-ratelimit-limit': String(state.limit),
    'x-ratelimit-remaining': String(state.remaining),
    'x-ratelimit-reset': String(state.resetAt / 1000),
    'x-ratelimit-reset-after': String(state.resetAfterMs / 1000),
    'x-ratelimit-bucket': state.bucket,
  };
}

function send(
  response: ServerResponse,
  seen: SeenRequest,
  status: number,
  headers: Record<string, string>,
  body: unknown,
): void {
  seen.status = status;
  response.writeHead(status, { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function finish(response: ServerResponse, seen: SeenRequest, answer: ApiAnswer, bucket: BucketState | null): void {
  send(response, seen, answer.status, bucket === null ? {} : bucketHeaders(bucket), answer.body);
}

function answerLimited(
  response: ServerResponse,
  seen: SeenRequest,
  state: BucketState,
  scope: 'user' | 'shared' | 'global',
): void {
  const seconds = Math.ceil(state.retryAfterMs ?? 0) / 1000;
  const global = scope === 'global';
  const headers = {
    'retry-after': String(Math.ceil(seconds)),
    'x-ratelimit-scope': scope,
    ...(global ? { 'x-ratelimit-global': 'true' } : bucketHeaders(state)),
  };
  const message = scope === 'shared' ? 'The resource is being rate limited.' : 'You are being rate limited.';
  send(response, seen, 429, headers, { message, retry_after: seconds, global });
}

async function answerWrongly(
  response: ServerResponse,
  seen: SeenRequest,
  plan: Misbehaviour,
  work: () => Promise<ApiAnswer>,
): Promise<void> {
  if (plan.workDone === true) await work();
  if (plan.answer instanceof Refusal) throw plan.answer;
  if (plan.answer === 'silence') return;
  if (plan.answer === 'hang up') {
    response.destroy();
    return;
  }
  seen.status = Number(plan.answer);
  response.writeHead(seen.status, { 'content-type': 'text/html' });
  response.end(`<html><body>${plan.answer}</body></html>`);
}

function refuse(response: ServerResponse, seen: SeenRequest, error: unknown, bucket: BucketState | null): void {
  if (!(error instanceof Refusal)) {
    send(response, seen, 500, {}, { message: `500: Internal Server Error (${String(error)})`, code: 0 });
    return;
  }
  const { status, code, errors, retryAfterMs } = error;
  seen.code = code;
  const headers = {
    ...(bucket === null ? {} : bucketHeaders(bucket)),
    ...(retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  };
  send(response, seen, status, headers, {
    message: error.message,
    code,
    ...(errors === null ? {} : { errors }),
    ...(retryAfterMs === null ? {} : { retry_after: retryAfterMs / 1000, global: false }),
  });
}

/** Listen on a free port of this machine. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port to listen on.');
  return address.port;
}
