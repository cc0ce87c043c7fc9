import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import { slackLimits } from './limits.ts';
import { isFromSlack } from './signature.ts';

export interface HttpReceiverOptions {
  readonly signingSecret: string;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** Slack's largest requests are views, of some hundred kilobytes. */
const maxBodyBytes = 1_048_576;

/** HTTP mode: routes for the program's own server; everything that Slack sends goes to `/slack/events`. */
export function createHttpReceiver(options: HttpReceiverOptions): Receiver & { readonly routes: Hono } {
  const { signingSecret, logger, clock } = options;
  const routes = new Hono();
  let app: App | null = null;
  let isOpen = false;

  routes.post('/slack/events', bodyLimit({ maxSize: maxBodyBytes }), async (context) => {
    const raw = new Uint8Array(await context.req.arrayBuffer());
    const request = {
      body: raw,
      timestamp: context.req.header('x-slack-request-timestamp'),
      signature: context.req.header('x-slack-signature'),
    };
    if (!isFromSlack(request, signingSecret, clock())) {
      logger.warn({ part: 'slack' }, 'a request without a valid signature was refused');
      return context.text('Expected a request signed by Slack within the last five minutes.', 401);
    }
    const body = readBody(new TextDecoder().decode(raw), context.req.header('content-type') ?? '');
    if (body === null) return context.text('Expected JSON or a form.', 400);
    if (body.ssl_check !== undefined) return context.body(null, 200);
    if (body.type === 'url_verification') return context.json({ challenge: body.challenge });
    // Slack sends it again, to another process or to this one after its restart.
    if (app === null || !isOpen) return context.text('Not ready.', 503);
    return answer(context, app, body);
  });

  /** The answer is what is passed to `ack`; everything else goes on after it. */
  function answer(context: Context, target: App, body: ReceiverEvent['body']): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const timer = setTimeout(() => {
      logger.error({ part: 'slack' }, 'a request of Slack was not confirmed in time');
      resolve(context.body(null, 503));
    }, slackLimits.ackMs);
    const retry = Number(context.req.header('x-slack-retry-num'));
    const reason = context.req.header('x-slack-retry-reason');
    const event: ReceiverEvent = {
      body,
      ...(retry > 0 ? { retryNum: retry } : {}),
      ...(reason === undefined ? {} : { retryReason: reason }),
      ack: async (response?: unknown) => {
        if (response === undefined || response === '') resolve(context.body(null, 200));
        else resolve(typeof response === 'string' ? context.text(response) : context.json(response as object));
      },
    };
    target
      .processEvent(event)
      .catch((error: unknown) => logger.error({ err: error }, 'a request of Slack was not processed'))
      // Nobody listens to it: a promise that is resolved already keeps its answer.
      .finally(() => resolve(context.body(null, 404)));
    return promise.finally(() => clearTimeout(timer));
  }

  return {
    routes,
    init(owner) {
      app = owner;
    },
    async start() {
      isOpen = true;
    },
    async stop() {
      isOpen = false;
    },
  };
}

/** Events are JSON; commands are a form; interactions are JSON inside a form's field. Null for anything else. */
function readBody(text: string, contentType: string): ReceiverEvent['body'] | null {
  try {
    if (contentType.includes('json')) return asRecord(JSON.parse(text));
    const form = new URLSearchParams(text);
    const payload = form.get('payload');
    return payload === null ? Object.fromEntries(form) : asRecord(JSON.parse(payload));
  } catch {
    return null;
  }
}

function asRecord(value: unknown): ReceiverEvent['body'] | null {
  return typeof value === 'object' && value !== null ? value : null;
}
