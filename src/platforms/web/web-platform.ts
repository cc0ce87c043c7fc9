import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { CommandServices, Reply } from '../../../commands/define-command.ts';
import { commands } from '../../../commands/index.ts';
import type { ImageEngine } from '../../engines/image-engine.ts';
import { InvalidRequestError, LimitError, QuartetError } from '../../errors.ts';
import type { Job, Requester } from '../../jobs/job.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { ChatPlatform } from '../chat-platform.ts';
import { createCommandRoutes } from './command-routes.ts';
import { createEventRoutes } from './event-routes.ts';
import { createGuard } from './guard.ts';
import { createHistoryRoutes } from './history-routes.ts';
import { type JobView, renderJob } from './job-view.ts';
import { LiveProgress } from './live-progress.ts';
import { createPageFiles } from './page-files.ts';
import { createPictureRoutes } from './picture-routes.ts';
import { encodePreview } from './preview.ts';
import { refuse } from './refusal.ts';
import { createSnapshots } from './snapshots.ts';
import { Streams } from './streams.ts';
import { localeOf, requesterOf } from './viewer.ts';
import { renderWorld } from './world-view.ts';

export interface WebPlatformOptions {
  readonly services: CommandServices;
  readonly engine: Pick<ImageEngine, 'describe' | 'health'>;
  /** Host names besides the loopback ones under which the page may be reached, without port. */
  readonly allowedHosts: readonly string[];
  /** Largest picture that somebody may send. */
  readonly maxUploadBytes: number;
  readonly logger: Logger;
}

/**
 * The playground: a page that is a channel of its own for each browser. Mount `routes` on the HTTP server; health
 * pages and other platforms' routes stand beside it and are not touched by its guard.
 */
export async function createWebPlatform(
  options: WebPlatformOptions,
): Promise<ChatPlatform & { readonly routes: Hono }> {
  const { services, logger, maxUploadBytes } = options;
  const { jobs } = services;
  const streams = new Streams();
  let closing = false;
  let stopListening: (() => void) | null = null;

  const live = new LiveProgress({
    encodePreview,
    onChange: sendJob,
    onError: (error) => logger.warn({ err: error }, 'a preview could not be encoded'),
  });
  const snapshots = createSnapshots({ jobs, engine: options.engine, streams, view, logger });

  function view(job: Job): JobView {
    return renderJob(job, live.get(job.id), services.engine);
  }

  function sendJob(job: Job): void {
    streams.send(job.requester.userId, { event: 'job', key: `job:${job.id}`, data: view(job) });
  }

  function noticeState(job: Job): void {
    snapshots.refreshSoon();
    if (job.requester.platform !== 'web') return;
    if (job.state !== 'drawing') live.forget(job.id);
    sendJob(job);
  }

  function noticeReply(requester: Requester, reply: Reply): void {
    if (reply.kind === 'deleted') {
      const { id } = reply.job;
      streams.send(requester.userId, { event: 'removed', key: `job:${id}`, data: { id } });
    } else if (reply.kind === 'text') {
      // Some commands change many jobs at once (forget-me): a fresh snapshot is right whatever they did.
      snapshots.resend(requester);
    }
  }

  const routes = new Hono();
  const guard = createGuard({ allowedHosts: options.allowedHosts });
  for (const path of ['/', '/page/*', '/api/*', '/pictures/*']) routes.use(path, guard);
  routes.get('/', async (context, next) => {
    requesterOf(context);
    await next();
  });
  routes.route('/', await createPageFiles());
  routes.get('/api/world', (context) => {
    context.header('Vary', 'Accept-Language');
    return context.json(renderWorld(commands, services, maxUploadBytes, messagesFor(localeOf(context))));
  });
  const isClosing = () => closing;
  routes.route('/', createHistoryRoutes({ jobs, view }));
  routes.route('/', createPictureRoutes(jobs));
  routes.route('/', createEventRoutes({ streams, snapshot: snapshots.of, isClosing }));
  routes.route('/', createCommandRoutes({ services, maxUploadBytes, view, onReply: noticeReply, isClosing }));
  routes.all('/api/*', (context) => refuse(context, 404, 'not_found', 'There is nothing at this address.'));
  routes.onError((error, context) => {
    if (error instanceof QuartetError) return refuse(context, statusOf(error), error.code, error.message);
    logger.error({ err: error, path: context.req.path }, 'a request to the playground failed');
    return refuse(context, 500, 'internal_error', messagesFor(localeOf(context)).web.failed);
  });

  return {
    name: 'web',
    routes,
    async start() {
      stopListening ??= jobs.subscribe((event) => {
        if (event.type === 'state') noticeState(event.job);
      });
      snapshots.start();
    },
    showProgress(job, progress) {
      if (!closing) live.show(job, progress);
    },
    async deliver(job, { signal }) {
      signal.throwIfAborted();
      // The page shows the job's own row and pictures, by its id: there is nothing that could be sent twice.
      live.forget(job.id);
      sendJob(job);
      return { message: job.id };
    },
    async close() {
      closing = true;
      stopListening?.();
      stopListening = null;
      snapshots.close();
      streams.closeAll();
    },
  };
}

function statusOf(error: QuartetError): 400 | 413 | 429 | 503 {
  if (error instanceof LimitError) return 429;
  if (error instanceof InvalidRequestError) return error.code === 'picture_too_large' ? 413 : 400;
  return 503;
}
