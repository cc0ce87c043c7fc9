import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { WebClient } from '@slack/web-api';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Logger } from 'pino';
import { z } from 'zod';
import { toDeliveryError } from './errors.ts';
import type { InstallationBook } from './installations.ts';
import { botScopes } from './manifest.ts';
import { callTimeoutMs, slackRetryPolicies } from './retry-policies.ts';
import { createSlackLogger } from './slack-logger.ts';
import type { Workspaces } from './workspaces.ts';

export interface OAuthOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiUrl: string;
  readonly book: InstallationBook;
  readonly workspaces: Workspaces;
  /** Signs what a browser brings back. */
  readonly secret: Uint8Array;
  readonly logger: Logger;
  readonly clock: () => number;
}

const cookie = 'quartet_slack_state';
const lifeMs = 600_000; // 10 minutes, for somebody who has to find an administrator's consent first

const answerSchema = z.object({
  access_token: z.string(),
  team: z.object({ id: z.string(), name: z.string().nullish() }).nullish(),
  enterprise: z.object({ id: z.string() }).nullish(),
});

/** `/slack/install` leads to Slack's consent page, which leads back to `/slack/oauth_redirect`. */
export function createOAuthRoutes(options: OAuthOptions): Hono {
  const { clientId, clientSecret, apiUrl, book, workspaces, logger, clock } = options;
  const routes = new Hono();
  const sign = (text: string) => createHmac('sha256', options.secret).update(`slack-oauth:${text}`).digest('base64url');
  // Nobody has a token yet.
  const client = new WebClient(undefined, {
    slackApiUrl: apiUrl,
    retryConfig: slackRetryPolicies.write,
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    timeout: callTimeoutMs,
    logger: createSlackLogger(logger),
  });

  routes.get('/slack/install', (context) => {
    // The browser that begins is the one that ends: a link with somebody else's code does nothing.
    const nonce = randomBytes(16).toString('base64url');
    const body = `${clock() + lifeMs}.${nonce}`;
    setCookie(context, cookie, nonce, {
      httpOnly: true,
      sameSite: 'Lax',
      path: '/slack',
      maxAge: lifeMs / 1_000,
      secure: redirectUri(context).startsWith('https:'),
    });
    const url = new URL('/oauth/v2/authorize', apiUrl);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('scope', Object.keys(botScopes).join(','));
    url.searchParams.set('redirect_uri', redirectUri(context));
    url.searchParams.set('state', `${body}.${sign(body)}`);
    return context.redirect(url.href);
  });

  routes.get('/slack/oauth_redirect', async (context) => {
    const { code, state = '', error } = context.req.query();
    if (error !== undefined) return page(context, 400, 'Slack was told no. Nothing was installed.');
    if (code === undefined || !isOurs(state, getCookie(context, cookie))) {
      return page(context, 400, 'This link is too old or was opened elsewhere. Please begin again at /slack/install.');
    }
    try {
      const answer = answerSchema.parse(
        await client.oauth.v2.access({
          client_id: clientId,
          client_secret: clientSecret,
          code,
          redirect_uri: redirectUri(context),
        }),
      );
      const team = answer.team?.id ?? answer.enterprise?.id;
      if (team === undefined) throw new Error('Expected Slack to name a workspace, it named none.');
      await book.keep(team, answer.access_token);
      workspaces.forget(team);
      logger.info({ team }, 'installed in a workspace');
      return page(context, 200, 'Quartet is installed. Type /imagine a red lighthouse at dusk in any channel.');
    } catch (failure) {
      logger.error({ err: toDeliveryError(failure) }, 'a workspace could not install the bot');
      return page(context, 502, 'Slack did not let me in. Please begin again at /slack/install.');
    }
  });

  function isOurs(state: string, nonce: string | undefined): boolean {
    const [expiry, given, signature = ''] = state.split('.');
    const expected = Buffer.from(sign(`${expiry}.${given}`));
    const actual = Buffer.from(signature);
    const isSigned = actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected);
    return isSigned && given === nonce && Number(expiry) > clock();
  }

  return routes;
}

/** Where Slack sends the browser back to: the address under which it reached us, also behind a proxy. */
function redirectUri(context: Context): string {
  const url = new URL(context.req.url);
  const protocol = context.req.header('x-forwarded-proto')?.split(',')[0]?.trim();
  const isSecure = protocol === undefined ? url.protocol === 'https:' : protocol === 'https';
  return `${isSecure ? 'https' : 'http'}://${url.host}/slack/oauth_redirect`;
}

function page(context: Context, status: 200 | 400 | 502, sentence: string): Response {
  return context.html(
    `<!doctype html><meta charset="utf-8"><title>Quartet</title><p style="font:1.2rem system-ui;margin:4rem">${sentence}</p>`,
    status,
  );
}
