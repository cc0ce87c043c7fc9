import type { IncomingMessage } from 'node:http';
import { registerApp, type SlackApp } from './app.ts';
import type { Arguments } from './arguments.ts';
import { checkManifest } from './manifest.ts';
import type { OAuth } from './oauth.ts';
import { type Json, Refusal } from './refusal.ts';
import type { SocketMode } from './socket-mode.ts';

type SpecialMethod = (args: Arguments, token: string | null, request: IncomingMessage) => Json;

/** Methods that no bot's token may call. */
export type SpecialMethods = ReadonlyMap<string, SpecialMethod>;

export function createSpecialMethods(app: SlackApp, sockets: SocketMode, oauth: OAuth): SpecialMethods {
  const onlyWith = (wanted: string, token: string | null): void => {
    if (token === null) throw new Refusal('not_authed');
    if (token === wanted) return;
    throw new Refusal(token.slice(0, 4) === wanted.slice(0, 4) ? 'invalid_auth' : 'not_allowed_token_type');
  };

  const readManifest = (args: Arguments): Json => {
    const manifest = args.json('manifest', 'invalid_manifest');
    if (typeof manifest !== 'object' || manifest === null) throw new Refusal('invalid_manifest');
    checkManifest(manifest as Json);
    return manifest as Json;
  };

  const install = (manifest: Json): void => {
    Object.assign(app, registerApp(manifest));
  };

  return new Map<string, SpecialMethod>([
    [
      'apps.connections.open',
      (_args, token) => {
        onlyWith(app.appToken, token);
        return { url: sockets.createUrl() };
      },
    ],
    ['oauth.v2.access', (args, _token, request) => oauth.exchange(args, request)],
    [
      'apps.manifest.validate',
      (args, token) => {
        onlyWith(app.configurationToken, token);
        readManifest(args);
        return {};
      },
    ],
    [
      'apps.manifest.create',
      (args, token) => {
        onlyWith(app.configurationToken, token);
        install(readManifest(args));
        const { clientId: client_id, clientSecret: client_secret, signingSecret: signing_secret } = app;
        return { app_id: app.id, credentials: { client_id, client_secret, signing_secret } };
      },
    ],
    [
      'apps.manifest.update',
      (args, token) => {
        onlyWith(app.configurationToken, token);
        if (args.required('app_id') !== app.id) throw new Refusal('invalid_app_id');
        const before = app.scopes.join();
        install(readManifest(args));
        return { app_id: app.id, permissions_updated: app.scopes.join() !== before };
      },
    ],
    [
      'apps.manifest.export',
      (args, token) => {
        onlyWith(app.configurationToken, token);
        if (args.required('app_id') !== app.id) throw new Refusal('invalid_app_id');
        return { manifest: app.manifest };
      },
    ],
  ]);
}
