import type { IncomingMessage } from 'node:http';
import type { SlackApp } from './app.ts';
import type { Arguments } from './arguments.ts';
import { type Json, Refusal } from './refusal.ts';
import type { SocketMode } from './socket-mode.ts';

/** Methods that no bot's token may call. */
export type SpecialMethods = ReadonlyMap<
  string,
  (args: Arguments, token: string | null, request: IncomingMessage) => Json | Promise<Json>
>;

export function createSpecialMethods(app: SlackApp, sockets: SocketMode): SpecialMethods {
  return new Map([
    [
      'apps.connections.open',
      (_args: Arguments, token: string | null): Json => {
        if (token === null) throw new Refusal('not_authed');
        if (token.startsWith('xoxb-')) throw new Refusal('not_allowed_token_type');
        if (token !== app.appToken) throw new Refusal('invalid_auth');
        return { url: sockets.createUrl() };
      },
    ],
  ]);
}
