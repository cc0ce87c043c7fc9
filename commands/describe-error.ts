import { InvalidRequestError, LimitError, QuartetError } from '../src/errors.ts';
import type { JobFailure } from '../src/jobs/job.ts';
import type { Messages } from '../src/messages/messages.ts';

/** What people are told about an error: never its cause. */
export function describeError(error: unknown, messages: Messages): string {
  const retryAfterMs = error instanceof LimitError ? error.retryAfterMs : null;
  const retryAfter = retryAfterMs === null ? null : messages.duration(retryAfterMs / 1_000);
  const text = error instanceof QuartetError ? textOf(error.code, messages, retryAfter) : null;
  if (text !== null) return text;
  return error instanceof InvalidRequestError ? refusalOf(error, messages) : messages.error.unexpected();
}

/** Whether there are words for this error; any other is a fault of the program, which somebody has to see. */
export function isToldToPeople(error: QuartetError, messages: Messages): boolean {
  return error instanceof InvalidRequestError || textOf(error.code, messages, null) !== null;
}

/** What people are told about a job that failed. */
export function describeFailure({ code, message }: JobFailure, messages: Messages): string {
  return textOf(code, messages, null) ?? message;
}

/** What people are told about a job that is drawn again. */
export function describeRetry({ code }: JobFailure, { tryingAgain }: Messages): string {
  const texts: Readonly<Record<string, string>> = tryingAgain;
  return Object.hasOwn(texts, code) ? (texts[code] ?? tryingAgain.anything) : tryingAgain.anything;
}

/** The message of such an error was written for the person who asked, in English or in that person's language. */
function refusalOf({ code, message }: InvalidRequestError, { refusedPicture }: Messages): string {
  const texts: Readonly<Record<string, (said: string) => string>> = refusedPicture;
  return Object.hasOwn(texts, code) ? (texts[code]?.(message) ?? message) : message;
}

function textOf(code: string, messages: Messages, retryAfter: string | null): string | null {
  const texts: Readonly<Record<string, (retryAfter: string | null) => string>> = messages.error;
  return Object.hasOwn(texts, code) ? (texts[code]?.(retryAfter) ?? null) : null;
}
