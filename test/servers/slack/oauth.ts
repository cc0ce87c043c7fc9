import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SlackApp } from './app.ts';
import type { Arguments } from './arguments.ts';
import { type Json, Refusal } from './refusal.ts';
import type { SlackTeam, World } from './world.ts';

/** The page on which somebody lets an app into a workspace, and the exchange of its code for a token. */
export interface OAuth {
  /** Whoever opens the page next belongs to this workspace, and says yes. */
  visitor: { readonly team: SlackTeam; readonly user: string } | null;
  authorize(url: URL, response: ServerResponse): void;
  exchange(args: Arguments, request: IncomingMessage): Json;
}

export function createOAuth(world: World, app: SlackApp): OAuth {
  const codes = new Map<string, { team: SlackTeam; user: string; redirect: string | null; scopes: string[] }>();

  return {
    visitor: null,
    authorize(url, response) {
      const refuse = (what: string): void => {
        response.writeHead(400, { 'content-type': 'text/plain' }).end(what);
      };
      const scopes = (url.searchParams.get('scope') ?? '').split(',').filter((scope) => scope !== '');
      if (url.searchParams.get('client_id') !== app.clientId) return refuse('invalid_client_id');
      if (scopes.length === 0) return refuse('no_scopes');
      if (this.visitor === null) return refuse('nobody is signed in');
      const redirect = url.searchParams.get('redirect_uri');
      if (redirect === null) return refuse('bad_redirect_uri');
      const code = randomBytes(16).toString('hex');
      codes.set(code, { ...this.visitor, redirect, scopes });
      const back = new URL(redirect);
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return undefined;
    },
    exchange(args, request) {
      const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const [basicId, basicSecret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
      if ((args.text('client_id') ?? basicId) !== app.clientId) throw new Refusal('invalid_client_id');
      if ((args.text('client_secret') ?? basicSecret) !== app.clientSecret) throw new Refusal('bad_client_secret');
      const code = args.text('code') ?? '';
      const grant = codes.get(code);
      if (grant === undefined) throw new Refusal('invalid_code');
      const { team, user, redirect, scopes } = grant;
      if (args.text('redirect_uri') !== redirect) throw new Refusal('bad_redirect_uri');
      codes.delete(code);
      team.installed = true;
      team.scopes = new Set(scopes);
      world.changed();
      return {
        access_token: team.botToken,
        token_type: 'bot',
        scope: scopes.join(','),
        bot_user_id: team.botUser,
        app_id: app.id,
        team: { id: team.id, name: team.name },
        enterprise: null,
        is_enterprise_install: false,
        authed_user: { id: user },
      };
    },
  };
}
