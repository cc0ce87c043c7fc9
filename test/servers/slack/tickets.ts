import { randomBytes } from 'node:crypto';
import { Refusal } from './refusal.ts';
import type { World } from './world.ts';

/** Where the answers to a command or a click go. */
export interface ResponseTicket {
  readonly token: string;
  readonly team: string;
  readonly channel: string;
  readonly user: string;
  readonly threadTs: string | null;
  /** The message with the button, which an answer may replace or delete; its ts. */
  readonly message: string | null;
  readonly bornMs: number;
  uses: number;
}

/** Things that are good for a while: trigger ids (3 s, once), response URLs (30 minutes, five answers). */
export interface Tickets {
  createTrigger(team: string, user: string, view?: string): string;
  /** Gives whose trigger it was; refuses one that is unknown, old, or used. */
  exchangeTrigger(id: string): { readonly user: string; readonly view: string | null };
  createResponse(ticket: Pick<ResponseTicket, 'team' | 'channel' | 'user' | 'threadTs' | 'message'>): ResponseTicket;
  findResponse(token: string): ResponseTicket | null;
}

export const triggerLifeMs = 3000;
export const responseLifeMs = 30 * 60_000;
export const responseUses = 5;

export function createTickets(world: World): Tickets {
  const triggers = new Map<string, { user: string; view: string | null; bornMs: number; used: boolean }>();
  const responses = new Map<string, ResponseTicket>();
  return {
    createTrigger(team, user, view) {
      const id = `${triggers.size + 1}.${Number.parseInt(team.slice(-4), 36)}.${randomBytes(16).toString('hex')}`;
      triggers.set(id, { user, view: view ?? null, bornMs: world.clock.now(), used: false });
      return id;
    },
    exchangeTrigger(id) {
      const trigger = triggers.get(id);
      if (trigger === undefined) throw new Refusal('invalid_trigger_id');
      if (world.clock.now() - trigger.bornMs > triggerLifeMs) throw new Refusal('expired_trigger_id');
      if (trigger.used) throw new Refusal('exchanged_trigger_id');
      trigger.used = true;
      return trigger;
    },
    createResponse(where) {
      const ticket = { ...where, token: randomBytes(12).toString('hex'), bornMs: world.clock.now(), uses: 0 };
      responses.set(ticket.token, ticket);
      return ticket;
    },
    findResponse: (token) => responses.get(token) ?? null,
  };
}
