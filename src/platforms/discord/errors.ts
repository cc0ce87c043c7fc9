import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { DeliveryError } from '../../errors.ts';

/** What Discord's refusals have in common is what can be done about them. */
export type DiscordTrouble =
  /** The message was deleted. */
  | 'message_gone'
  /** The channel or server was deleted, or the bot may not see it or write there. */
  | 'no_access'
  /** The thread is archived or locked: nothing in it can be edited. */
  | 'thread_archived'
  /** The token of the interaction is spent, or was never any good. */
  | 'answer_expired'
  /** The interaction has been answered already. */
  | 'already_answered'
  /** Too many edits of a message that is older than an hour. */
  | 'too_old_to_edit'
  | 'too_large'
  /** The person takes no direct messages from the bot. */
  | 'direct_messages_closed'
  | 'rate_limited'
  /** The bot's own token does not work. */
  | 'token_refused'
  /** No answer, or one that says "try again". */
  | 'discord_away'
  /** Discord does not take this request, now or ever. */
  | 'refused';

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const troubleOfCode: Readonly<Record<number, DiscordTrouble>> = {
  10003: 'no_access',
  10004: 'no_access',
  10008: 'message_gone',
  10015: 'answer_expired',
  10062: 'answer_expired',
  30046: 'too_old_to_edit',
  40005: 'too_large',
  40060: 'already_answered',
  50001: 'no_access',
  50007: 'direct_messages_closed',
  50013: 'no_access',
  50027: 'answer_expired',
  50083: 'thread_archived',
  160005: 'thread_archived',
};

const passing: ReadonlySet<DiscordTrouble> = new Set(['rate_limited', 'discord_away', 'token_refused']);

/** Which trouble an error of discord.js is. */
export function troubleOf(error: unknown): DiscordTrouble {
  if (error instanceof RateLimitError) return 'rate_limited';
  if (error instanceof DiscordAPIError) {
    const known = troubleOfCode[Number(error.code)];
    if (known !== undefined) return known;
    if (error.status === 413) return 'too_large';
    if (error.status === 401) return 'token_refused';
    return error.status >= 500 ? 'discord_away' : 'refused';
  }
  if (error instanceof HTTPError) return error.status === 413 ? 'too_large' : 'discord_away';
  // Sockets that break, names that do not resolve, answers that do not come: all of it passes.
  return 'discord_away';
}

/** The one error that leaves this platform. */
export function toDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const trouble = troubleOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new DeliveryError(
    `discord_${trouble}`.replace('discord_discord', 'discord'),
    `Discord did not take it: ${reason}`,
    {
      cause: error,
      retryable: passing.has(trouble),
      ...(error instanceof RateLimitError ? { retryAfterMs: Math.max(error.retryAfter, error.timeToReset) } : {}),
    },
  );
}
