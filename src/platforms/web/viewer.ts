import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { ReplyTo, Requester } from '../../jobs/job.ts';
import { languageOf } from '../../messages/messages.ts';
import { webLimits } from './limits.ts';

const cookieName = 'quartet_viewer';
const viewerPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Who looks: known by a random cookie only, given at the first visit of the page. */
export function requesterOf(context: Context): Requester {
  const known = getCookie(context, cookieName);
  const userId = known !== undefined && viewerPattern.test(known) ? known : randomUUID();
  if (userId !== known) {
    setCookie(context, cookieName, userId, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: webLimits.cookieMaxAgeSeconds,
      secure: new URL(context.req.url).protocol === 'https:',
    });
  }
  return {
    platform: 'web',
    workspace: null,
    userId,
    name: 'You',
    locale: localeOf(context),
    isAdmin: false,
  };
}

/** A viewer's page is a channel of its own. */
export function replyToOf(requester: Requester): ReplyTo {
  return {
    platform: 'web',
    workspace: null,
    channel: requester.userId,
    thread: null,
    message: null,
    ageRestricted: false,
  };
}

/** The first of the browser's languages that there are words in: browsers list the most wanted first. */
export function localeOf(context: Context): string {
  const wanted = (context.req.header('accept-language') ?? '')
    .slice(0, 1_000)
    .split(',')
    .map((entry) => entry.split(';', 1)[0]?.trim() ?? '')
    .filter((tag) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(tag));
  return wanted.find((tag) => languageOf(tag) !== null) ?? 'en';
}
