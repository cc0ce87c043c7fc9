import type { GatewayConnection } from './gateway-connection.ts';

/** What is sent to the bot, without its sequence number. */
export interface DispatchPayload {
  readonly op: number;
  readonly t: string;
  readonly d: unknown;
}

export interface GatewaySessionOptions {
  readonly id: string;
  readonly shard: readonly [number, number];
  readonly intents: number;
}

/** What outlives a connection: the events that a resume has to say again. */
export class GatewaySession {
  readonly id: string;
  readonly shard: readonly [number, number];
  readonly intents: number;
  /** Null while the bot is away. */
  connection: GatewayConnection | null = null;
  /** False once it cannot be resumed. */
  alive = true;
  /** How often it was resumed. */
  resumes = 0;
  heartbeats = 0;
  #sequence = 0;
  readonly #sent: { readonly s: number; readonly payload: DispatchPayload }[] = [];

  constructor(options: GatewaySessionOptions) {
    this.id = options.id;
    this.shard = options.shard;
    this.intents = options.intents;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Send an event now, or keep it for a resume. */
  push(payload: DispatchPayload): void {
    if (!this.alive) return;
    const s = ++this.#sequence;
    this.#sent.push({ s, payload });
    this.connection?.send({ ...payload, s });
  }

  /** Say again what came after this event, and that all has been said. */
  replay(after: number): void {
    for (const { s, payload } of this.#sent) {
      if (s > after) this.connection?.send({ ...payload, s });
    }
    this.resumes++;
  }
}
