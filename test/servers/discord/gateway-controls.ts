import { GatewayOpcodes } from 'discord.js';
import type { GatewayEvent } from './gateway.ts';
import type { GatewayConnection } from './gateway-connection.ts';
import type { GatewaySession } from './gateway-session.ts';

/** What a test makes the gateway do. */
export interface GatewayControls {
  /** Cut every connection; sessions can be resumed. */
  drop(): void;
  /** Close every connection with a code. */
  disconnect(code: number): void;
  /** Ask every client to connect again (RECONNECT). */
  askToReconnect(): void;
  /** Tell every client that its session is over (INVALID_SESSION). */
  invalidate(resumable: boolean): void;
  /** Ask every client for a heartbeat at once. */
  askForHeartbeat(): void;
  /** Say and hear nothing on the present connections, heartbeats included. */
  fallSilent(): void;
  /** Refuse connections until the returned function is called. */
  goAway(): () => void;
  /** Send the next events of this type twice. */
  duplicateNext(type: string, times?: number): void;
  /** Keep events of this type back until the returned function is called. */
  hold(type: string): () => void;
  /** From now on an identify with fewer shards is refused (4011). */
  requireShards(count: number): void;
  requiredShards(): number;
  mayIdentify(key: number, windowMs: number): boolean;
}

/** The state behind the gateway's misbehaviour. */
export function createGatewayControls(
  connections: ReadonlySet<GatewayConnection>,
  sessions: readonly GatewaySession[],
) {
  let away = false;
  let shardsNeeded = 1;
  const duplicates = new Map<string, number>();
  const held = new Map<string, GatewayEvent[]>();
  const identifies = new Map<number, number>();
  let release: (event: GatewayEvent) => void = () => {};

  const face: GatewayControls = {
    drop() {
      for (const connection of connections) connection.socket.terminate();
    },
    disconnect(code) {
      for (const connection of connections) connection.socket.close(code);
    },
    askToReconnect() {
      for (const connection of connections) connection.send({ op: GatewayOpcodes.Reconnect, d: null });
    },
    invalidate(resumable) {
      for (const session of sessions) {
        session.connection?.send({ op: GatewayOpcodes.InvalidSession, d: resumable });
        if (!resumable) session.alive = false;
      }
    },
    askForHeartbeat() {
      for (const connection of connections) connection.send({ op: GatewayOpcodes.Heartbeat, d: null });
    },
    fallSilent() {
      for (const connection of connections) connection.silent = true;
    },
    goAway() {
      away = true;
      face.drop();
      return () => {
        away = false;
      };
    },
    duplicateNext(type, times = 1) {
      duplicates.set(type, (duplicates.get(type) ?? 0) + times);
    },
    hold(type) {
      const kept: GatewayEvent[] = [];
      held.set(type, kept);
      return () => {
        held.delete(type);
        for (const event of kept) release(event);
      };
    },
    requireShards(count) {
      shardsNeeded = count;
    },
    requiredShards: () => shardsNeeded,
    mayIdentify(key, windowMs) {
      const last = identifies.get(key) ?? 0;
      if (Date.now() - last < windowMs) return false;
      identifies.set(key, Date.now());
      return true;
    },
  };

  return {
    face,
    isAway: () => away,
    /** Pass an event on: now, later or twice. */
    through(event: GatewayEvent, deliver: (event: GatewayEvent) => void): void {
      release = deliver;
      const kept = held.get(event.type);
      if (kept !== undefined) {
        kept.push(event);
        return;
      }
      deliver(event);
      const left = duplicates.get(event.type) ?? 0;
      if (left > 0) {
        duplicates.set(event.type, left - 1);
        deliver(event);
      }
    },
  };
}
