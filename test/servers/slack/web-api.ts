import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireScope } from './access.ts';
import { readArguments } from './arguments.ts';
import { methods } from './methods/index.ts';
import type { Platform } from './platform.ts';
import type { RateLimits } from './rate-limits.ts';
import { readApiBody } from './read-body.ts';
import { type Json, Refusal } from './refusal.ts';
import type { SpecialMethods } from './special-methods.ts';
import { answerWithTrouble } from './trouble.ts';
import type { ApiCall, SlackTeam } from './world.ts';

/** Answer one call of `/api/<method>`. */
export async function answerCall(
  platform: Platform,
  limits: RateLimits,
  special: SpecialMethods,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const name = url.pathname.replace(/^\/api\//, '');
  const { world, weather } = platform;
  const call: { -readonly [Key in keyof ApiCall]: ApiCall[Key] } = {
    method: name,
    team: null,
    arguments: {},
    atMs: world.clock.now(),
    answer: 'pending',
  };
  world.calls.push(call);
  const finish = (answer: string): void => {
    call.answer = answer;
    world.changed();
  };

  try {
    const { fields, warnings } = await readApiBody(request, url);
    const token = tokenOf(request, fields);
    const { token: _, ...withoutToken } = fields;
    call.arguments = withoutToken;
    const storm = weather.meet(name);
    if (storm !== null && !storm.afterWork) {
      finish(answerWithTrouble(response, storm.trouble));
      return;
    }
    const result = await work(platform, limits, special, { name, token, fields: withoutToken, call, request });
    if (storm !== null) {
      finish(answerWithTrouble(response, storm.trouble));
      return;
    }
    const all = [...warnings, ...result.warnings];
    const noted = all.length === 0 ? {} : { warning: all.join(','), response_metadata: { warnings: all } };
    finish('ok');
    send(response, 200, { ok: true, ...result.json, ...noted }, result.headers);
  } catch (error) {
    if (!(error instanceof Refusal)) {
      finish('internal_error');
      send(response, 200, { ok: false, error: 'internal_error', reason: String(error) });
      return;
    }
    finish(error.code);
    const { retryAfterSeconds, ...extra } = error.extra;
    if (error.code === 'ratelimited') {
      send(response, 429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(retryAfterSeconds) });
    } else {
      send(response, 200, { ok: false, error: error.code, ...extra });
    }
  }
}

interface Work {
  readonly name: string;
  readonly token: string | null;
  readonly fields: Json;
  readonly call: { team: string | null };
  readonly request: IncomingMessage;
}

async function work(
  platform: Platform,
  limits: RateLimits,
  special: SpecialMethods,
  { name, token, fields, call, request }: Work,
): Promise<{ json: Json; warnings: string[]; headers: Record<string, string> }> {
  const args = readArguments(fields);
  const other = special.get(name);
  if (other !== undefined) return { json: other(args, token, request), warnings: [], headers: {} };
  const method = methods.get(name);
  if (method === undefined) throw new Refusal('unknown_method', { req_method: name });
  const team = teamOf(platform, token);
  call.team = team.id;
  const retryAfterSeconds = limits.take(team.id, name, method.tier, args.text('channel'));
  if (retryAfterSeconds !== null) throw new Refusal('ratelimited', { retryAfterSeconds });
  requireScope(team, method.scopes);
  const warnings: string[] = [];
  const json = await method.run({ platform, team, args, warnings });
  const headers = {
    'x-oauth-scopes': [...team.scopes].join(','),
    'x-accepted-oauth-scopes': method.scopes.join(','),
  };
  return { json, warnings, headers };
}

/** Whose bot this is; refuses what is no bot's token. */
function teamOf({ world, app }: Platform, token: string | null): SlackTeam {
  if (token === null) throw new Refusal('not_authed');
  if (token === app.appToken) throw new Refusal('not_allowed_token_type');
  const team = [...world.teams.values()].find(({ botToken }) => botToken === token);
  if (team === undefined) throw new Refusal('invalid_auth');
  if (!team.installed) throw new Refusal('account_inactive');
  return team;
}

function tokenOf(request: IncomingMessage, fields: Json): string | null {
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  return typeof fields.token === 'string' && fields.token !== '' ? fields.token : null;
}

function send(response: ServerResponse, status: number, body: Json, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
