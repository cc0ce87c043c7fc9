import { Hono } from 'hono';
import { thumbnail } from '../../images/thumbnail.ts';
import type { JobId } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { showingOf } from '../../jobs/showing.ts';
import { hasPictures } from '../../jobs/transitions.ts';
import { messagesFor } from '../../messages/messages.ts';
import { webLimits } from './limits.ts';
import { refuse } from './refusal.ts';
import { requesterOf } from './viewer.ts';

const pathPattern = '/pictures/:job{[0-9a-f-]{36}}/:file{[0-3]\\.(?:png|webp)}';

/** The pictures of one's own jobs: the PNG with its settings inside, or a small WebP of it. */
export function createPictureRoutes(jobs: Pick<Jobs, 'get' | 'readPicture'>): Hono {
  const thumbnails = new Map<string, Uint8Array>();
  const routes = new Hono();
  routes.get(pathPattern, async (context) => {
    // The pattern above has checked the form; whether such a job exists is the core's word.
    const id = context.req.param('job') as JobId;
    const file = context.req.param('file');
    const requester = requesterOf(context);
    const job = await jobs.get(id);
    const mine = job !== null && job.requester.platform === 'web' && job.requester.userId === requester.userId;
    const picture = mine && hasPictures(job) ? job.drawing.pictures[Number(file[0])] : undefined;
    if (mine && hasPictures(job) && picture !== undefined && showingOf(picture, job) === 'withheld') {
      return refuse(context, 403, 'picture_withheld', messagesFor(requester.locale).web.pictureWithheld);
    }
    const png = picture === undefined ? null : await jobs.readPicture(picture.key);
    if (picture === undefined || png === null) {
      return refuse(context, 404, 'picture_gone', messagesFor(requester.locale).web.pictureGone);
    }
    context.header('Cache-Control', 'private, max-age=31536000, immutable');
    context.header('Vary', 'Cookie');
    if (file.endsWith('.webp')) {
      const small = thumbnails.get(picture.key) ?? (await thumbnail(png));
      remember(thumbnails, picture.key, small);
      return context.body(new Uint8Array(small), 200, { 'Content-Type': 'image/webp' });
    }
    const kind = context.req.query('download') === undefined ? 'inline' : 'attachment';
    context.header('Content-Disposition', `${kind}; filename="quartet-${picture.seed}-${Number(file[0]) + 1}.png"`);
    return context.body(new Uint8Array(png), 200, { 'Content-Type': 'image/png' });
  });
  return routes;
}

function remember(thumbnails: Map<string, Uint8Array>, key: string, bytes: Uint8Array): void {
  thumbnails.delete(key);
  thumbnails.set(key, bytes);
  const oldest = thumbnails.keys().next().value;
  if (thumbnails.size > webLimits.maxThumbnailsKept && oldest !== undefined) thumbnails.delete(oldest);
}
