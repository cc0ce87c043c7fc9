import type { Job, ReplyTo } from '../../jobs/job.ts';
import { discordLimits } from './limits.ts';

/** The way to a message through the interaction that it answers: short-lived, but open where the bot has no access. */
export interface AnswerToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Discord's word for this person and place. */
  readonly maxFileBytes: number;
}

/** Where a job is shown. */
export interface Place {
  readonly guild: string | null;
  /** A thread is a channel. */
  readonly channel: string;
  readonly message: string | null;
  /** Whether the bot's own token reaches the channel. */
  readonly isVisible: boolean;
  readonly answer: AnswerToken | null;
  /** Its interaction was never answered in time: the message says "thinking" for ever, or that nobody responded. */
  readonly isUnanswered: boolean;
}

/**
 * What `ReplyTo.message` holds: the message's id alone, or with the token of the interaction behind it, so that also
 * another process, or this one after a restart, can use it while it lasts.
 */
export function writeMessageReference({
  message,
  isVisible,
  answer,
}: Pick<Place, 'message' | 'isVisible' | 'answer'>): string {
  if (answer === null) return message ?? '';
  const fields = [message ?? '', isVisible ? 'v' : 'h', answer.expiresAt, answer.maxFileBytes, answer.token];
  return fields.join(';');
}

/** Reads where a job is shown; a token that has expired is left out. */
export function readPlace(replyTo: ReplyTo, now: number): Place {
  const [message = '', sight, expiresAt, maxFileBytes, ...rest] = (replyTo.message ?? '').split(';');
  const answer = { token: rest.join(';'), expiresAt: Number(expiresAt), maxFileBytes: Number(maxFileBytes) };
  const hasExpired = answer.token !== '' && answer.expiresAt <= now;
  return {
    guild: replyTo.workspace,
    channel: replyTo.thread ?? replyTo.channel,
    message: message === '' ? null : message,
    isVisible: sight !== 'h',
    answer: answer.token === '' || hasExpired ? null : answer,
    isUnanswered: hasExpired && sight !== 'h',
  };
}

/** A token that Discord gave at `now`. */
export function answerToken(token: string, maxFileBytes: number | undefined, now: number): AnswerToken {
  return {
    token,
    expiresAt: now + discordLimits.answerTokenMs,
    maxFileBytes: maxFileBytes ?? discordLimits.maxFileBytes,
  };
}

/** The address under which people find a job's message; null where it has none, or none that others can open. */
export function messageLink(job: Job): string | null {
  const { guild, channel, message } = readPlace(job.replyTo, 0);
  const shown = job.state === 'delivered' ? (job.message ?? message) : message;
  return shown === null ? null : `https://discord.com/channels/${guild ?? '@me'}/${channel}/${shown}`;
}
