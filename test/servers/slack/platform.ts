import type { SlackApp } from './app.ts';
import type { Envelope, Receipt } from './envelopes.ts';
import type { Json } from './refusal.ts';
import type { ResponseTicket, Tickets } from './tickets.ts';
import type { Weather } from './weather.ts';
import type { SlackTeam, World } from './world.ts';

/** What the parts of the server share. */
export interface Platform {
  readonly world: World;
  readonly app: SlackApp;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly weather: Weather;
  readonly tickets: Tickets;
  responseUrl(ticket: ResponseTicket): string;
  /** How long a finished upload stays out of sight. */
  readonly shareDelayMs: number;
  /** Send something to the app and wait for its answer. */
  deliver(envelope: Envelope): Promise<Receipt>;
  /** Tell the app of an event it subscribed to, with the platform's own retries. */
  emitEvent(team: SlackTeam, subscription: string, event: Json): void;
}
