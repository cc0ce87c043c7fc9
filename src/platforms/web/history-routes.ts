import { Hono } from 'hono';
import { z } from 'zod';
import type { Job } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { JobView } from './job-view.ts';
import { webLimits } from './limits.ts';
import { refuse } from './refusal.ts';
import { requesterOf } from './viewer.ts';

const pageSchema = z.object({
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(webLimits.maxPageSize).default(webLimits.pageSize),
});

/** `GET /api/jobs` (own jobs in any state) and `GET /api/history` (those with pictures), newest first, in pages. */
export function createHistoryRoutes(options: {
  readonly jobs: Pick<Jobs, 'recent' | 'history'>;
  readonly view: (job: Job) => JobView;
}): Hono {
  const routes = new Hono();
  const { jobs } = options;
  const reads: Record<string, (...page: Parameters<Jobs['recent']>) => Promise<readonly Job[]>> = {
    '/api/jobs': (requester, page) => jobs.recent(requester, page),
    '/api/history': (requester, page) => jobs.history(requester, page),
  };
  for (const [path, read] of Object.entries(reads)) {
    routes.get(path, async (context) => {
      const page = pageSchema.safeParse(context.req.query());
      if (!page.success) {
        return refuse(
          context,
          400,
          'invalid_page',
          `Expected before (ms since 1970) and limit (1-${webLimits.maxPageSize}).`,
        );
      }
      const { limit, before } = page.data;
      const found = await read(requesterOf(context), { limit, ...(before === undefined ? {} : { before }) });
      context.header('Cache-Control', 'no-store');
      return context.json({ jobs: found.map(options.view), hasMore: found.length === limit });
    });
  }
  return routes;
}
