import type { Server } from 'node:http';
import { GatewayOpcodes } from 'discord.js';
import { type WebSocket, WebSocketServer } from 'ws';
import { GatewayConnection } from './gateway-connection.ts';
import { createGatewayControls, type GatewayControls } from './gateway-controls.ts';
import type { GatewaySession } from './gateway-session.ts';
import type { Platform } from './platform.ts';

/** Something that happened, for whichever shard is responsible. */
export interface GatewayEvent {
  readonly type: string;
  readonly guildId: string | null;
  /** Delivered when one of these was asked for; 0 = always. */
  readonly intents: number;
  /** What is told, which may depend on the session's intents. */
  readonly data: (intents: number) => unknown;
}

export interface GatewayOptions {
  readonly heartbeatMs: number;
  /** What `GET /gateway/bot` recommends. */
  readonly shards: number;
  readonly maxConcurrency: number;
  /** One identify a concurrency key within this time; the platform has 5 s. */
  readonly identifyWindowMs: number;
  readonly sessionStarts: number;
}

/** The WebSocket side. */
export interface Gateway extends GatewayControls {
  readonly url: string;
  readonly options: GatewayOptions;
  readonly sessions: readonly GatewaySession[];
  /** Sessions that may still be started today. */
  startsLeft: number;
  dispatch(event: GatewayEvent): void;
  close(): void;
}

/** Serve the gateway on the API's own port. */
export function createGateway(server: Server, url: string, options: GatewayOptions, platform: () => Platform): Gateway {
  const sessions: GatewaySession[] = [];
  const connections = new Set<GatewayConnection>();
  const sockets = new WebSocketServer({ noServer: true });
  const controls = createGatewayControls(connections, sessions);

  server.on('upgrade', (request, socket, head) => {
    if (controls.isAway()) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const connection = new GatewayConnection(webSocket, request.url ?? '/', gateway, platform());
      connections.add(connection);
      webSocket.on('close', () => connections.delete(connection));
    });
  });

  const deliver = (event: GatewayEvent): void => {
    for (const session of sessions) {
      const [shard, count] = session.shard;
      const responsible = event.guildId === null ? 0 : Number((BigInt(event.guildId) >> 22n) % BigInt(count));
      if (responsible !== shard) continue;
      if (event.intents !== 0 && (session.intents & event.intents) === 0) continue;
      session.push({ op: GatewayOpcodes.Dispatch, t: event.type, d: event.data(session.intents) });
    }
  };

  const gateway: Gateway = {
    ...controls.face,
    url,
    options,
    sessions,
    startsLeft: options.sessionStarts,
    dispatch: (event) => controls.through(event, deliver),
    close() {
      for (const connection of connections) connection.socket.terminate();
      sockets.close();
    },
  };
  return gateway;
}
