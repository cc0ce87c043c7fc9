import type { MiddlewareHandler } from 'hono';
import { refuse } from './refusal.ts';

export interface GuardOptions {
  /** Host names (no port) under which the page may be reached; anything else is DNS rebinding. */
  readonly allowedHosts: readonly string[];
}

const policy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
} as const;

/**
 * Lets only the page's own origin talk to the playground, and puts the security headers on every answer.
 *
 * A browser sends `Sec-Fetch-Site` with each request to a loopback or https address and `Origin` with each POST and
 * each cross-origin stream; a client that sends neither is no browser and carries no cookie of somebody else.
 */
export function createGuard(options: GuardOptions): MiddlewareHandler {
  const allowed = new Set(['127.0.0.1', 'localhost', '[::1]', ...options.allowedHosts.map(asHostname)]);
  return async (context, next) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    const host = context.req.header('host') ?? '';
    const hostname = hostnameOf(host);
    if (hostname === null || !allowed.has(hostname)) {
      return refuse(
        context,
        421,
        'wrong_host',
        `This page answers to ${[...allowed].join(', ')}, not to “${clip(host)}”. ALLOWED_HOSTS adds names.`,
      );
    }
    const origin = context.req.header('origin');
    const site = context.req.header('sec-fetch-site');
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD';
    const isPage = context.req.path === '/' && isRead;
    const sameOrigin = origin === undefined || originHost(origin) === host.toLowerCase();
    const sameSite = site === undefined || site === 'same-origin' || (site === 'none' && isRead);
    // A link from another site may open the page itself; nothing else is for other sites.
    if (!isPage && !(sameOrigin && sameSite)) {
      return refuse(
        context,
        403,
        'foreign_origin',
        'Only the playground’s own page may do this; the request came from another site.',
      );
    }
    return next();
  };
}

/** IPv6 addresses stand in brackets in a Host header. */
function asHostname(host: string): string {
  const name = host.toLowerCase();
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

function hostnameOf(host: string): string | null {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1] ?? null;
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
