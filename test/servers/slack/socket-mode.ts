import { randomInt, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { acknowledgeWithinMs, type Delivery, type Envelope, type Receipt } from './envelopes.ts';
import type { Json } from './refusal.ts';
import type { World } from './world.ts';

const mostConnections = 10;

export interface SocketMode {
  /** The ticket in it lets one connection in. */
  createUrl(): string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** To one connection, by chance. */
  deliver(envelope: Envelope, delivery: Delivery): Promise<Receipt>;
  readonly connections: number;
  /** What came over the sockets that the platform could not make sense of. */
  readonly nonsense: readonly string[];
  /** Ask clients to come back on a new connection; `refresh_requested` closes the old one a little later. */
  disconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled'): void;
  /** Cut connections without a word. */
  drop(): void;
  close(): Promise<void>;
}

/** Socket Mode: hello, envelopes, acknowledgements, disconnects. */
export function createSocketMode(world: World, options: { appId: string; baseUrl: () => string }): SocketMode {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const connections = new Set<WebSocket>();
  const waiting = new Map<string, (body: Json | null) => void>();
  const nonsense: string[] = [];

  const say = (connection: WebSocket, message: Json): void => connection.send(JSON.stringify(message));

  const hello = (connection: WebSocket): void => {
    if (connections.size >= mostConnections) {
      say(connection, { type: 'disconnect', reason: 'too_many_websockets', debug_info: { host: 'applink' } });
      connection.close();
      return;
    }
    connections.add(connection);
    const pings = setInterval(() => connection.ping(), 5000);
    connection.on('message', (data) => hear(String(data as Buffer)));
    connection.on('close', () => {
      clearInterval(pings);
      connections.delete(connection);
      world.changed();
    });
    connection.on('error', () => connection.terminate());
    say(connection, {
      type: 'hello',
      num_connections: connections.size,
      debug_info: { host: 'applink', approximate_connection_time: 18_060 },
      connection_info: { app_id: options.appId },
    });
    world.changed();
  };

  const hear = (text: string): void => {
    const acknowledgement = parse(text);
    const id = acknowledgement?.envelope_id;
    const waiter = typeof id === 'string' ? waiting.get(id) : undefined;
    if (waiter === undefined) {
      nonsense.push(text);
      world.changed();
      return;
    }
    waiting.delete(id as string);
    const payload = acknowledgement?.payload;
    const said = typeof payload === 'object' && payload !== null && Object.keys(payload).length > 0;
    waiter(said ? (payload as Json) : null);
  };

  return {
    createUrl() {
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${options.baseUrl().replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${options.appId}`;
    },
    upgrade(request, socket, head) {
      const ticket = new URL(request.url ?? '/', 'http://local').searchParams.get('ticket') ?? '';
      if (!tickets.delete(ticket)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, hello);
    },
    deliver(envelope, delivery) {
      const open = [...connections].filter(({ readyState, OPEN }) => readyState === OPEN);
      const connection = open[open.length === 0 ? 0 : randomInt(open.length)];
      if (connection === undefined) {
        return Promise.resolve({ outcome: 'failed', reason: 'connection_failed', noRetry: false, status: null });
      }
      const { promise, resolve } = Promise.withResolvers<Receipt>();
      const id = randomUUID();
      const sentMs = world.clock.now();
      const forget = world.clock.after(acknowledgeWithinMs, () => {
        resolve({ outcome: 'failed', reason: 'timeout', noRetry: false, status: null });
      });
      waiting.set(id, (body) => {
        const afterMs = world.clock.now() - sentMs;
        forget();
        if (delivery.receipt === null) {
          if (body !== null && !envelope.acceptsResponse) nonsense.push(`an answer to ${envelope.kind}`);
          resolve({ outcome: 'acknowledged', body, afterMs });
        } else {
          delivery.lateAfterMs = afterMs;
          world.changed();
        }
      });
      say(connection, {
        envelope_id: id,
        type: envelope.kind,
        payload: envelope.payload,
        accepts_response_payload: envelope.acceptsResponse,
        ...(envelope.kind === 'events_api'
          ? { retry_attempt: envelope.retry?.number ?? 0, retry_reason: envelope.retry?.reason ?? '' }
          : {}),
      });
      return promise;
    },
    get connections() {
      return connections.size;
    },
    nonsense,
    disconnect(reason) {
      for (const connection of connections) {
        say(connection, { type: 'disconnect', reason, debug_info: { host: 'applink' } });
        if (reason !== 'warning') world.clock.after(10_000, () => connection.close());
      }
    },
    drop() {
      for (const connection of connections) connection.terminate();
    },
    async close() {
      // Clients that are just saying goodbye get their answer; others are cut off after a moment.
      const open = [...connections].filter(({ readyState, CLOSED }) => readyState !== CLOSED);
      const gone = open.map((connection) => new Promise((resolve) => connection.once('close', resolve)));
      for (const connection of open) connection.close(1001);
      const cut = setTimeout(() => {
        for (const connection of open) connection.terminate();
      }, 200);
      await Promise.all(gone);
      clearTimeout(cut);
      server.close();
    },
  };
}

function parse(text: string): Json | null {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
