import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Requester } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import { webLimits } from './limits.ts';
import type { PageEvent } from './outbox.ts';
import { refuse } from './refusal.ts';
import type { Streams } from './streams.ts';
import { localeOf, requesterOf } from './viewer.ts';

export interface EventRoutesOptions {
  readonly streams: Streams;
  /** Everything the page shows at its start: sent first on every (re)connection, so nothing can be missed. */
  readonly snapshot: (requester: Requester) => Promise<readonly PageEvent[]>;
  readonly isClosing: () => boolean;
}

/** `GET /api/events`: one's own jobs and the queue, as they change. */
export function createEventRoutes(options: EventRoutesOptions): Hono {
  const routes = new Hono();
  routes.get('/api/events', async (context) => {
    if (options.isClosing())
      return refuse(context, 503, 'shutting_down', messagesFor(localeOf(context)).web.restarting);
    const requester = requesterOf(context);
    // Opened before the snapshot is read: what happens in between is sent after it, never lost.
    const outbox = options.streams.open(requester);
    if (outbox === null)
      return refuse(context, 429, 'too_many_streams', messagesFor(requester.locale).web.tooManyPages);
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => options.streams.release(requester, outbox));
      let id = 0;
      const write = (event: PageEvent) =>
        stream.writeSSE({ event: event.event, id: String(++id), data: JSON.stringify(event.data) });
      try {
        await stream.write('retry: 1000\n\n');
        for (const event of await options.snapshot(requester)) await write(event);
        for (;;) {
          const event = await outbox.take(webLimits.heartbeatMs);
          if (event === undefined) break;
          if (event === null) await stream.write(': still here\n\n');
          else await write(event);
        }
      } finally {
        options.streams.release(requester, outbox);
      }
    });
  });
  return routes;
}
