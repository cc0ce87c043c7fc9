import { createHmac, timingSafeEqual } from 'node:crypto';
import { slackLimits } from './limits.ts';

/** What stands beside a request that may be Slack's. */
export interface SignedRequest {
  /** The body as it came, byte for byte: parsing and writing it again would change it. */
  readonly body: Uint8Array;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/**
 * Whether Slack sent it, within the last five minutes (and not in the future, which a replay would need).
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function isFromSlack(request: SignedRequest, signingSecret: string, nowMs: number): boolean {
  const { body, timestamp, signature } = request;
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > slackLimits.requestAgeSeconds) return false;
  const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex');
  const expected = Buffer.from(`v0=${hmac}`);
  const given = Buffer.from(signature);
  // Only the length, which is no secret, may end the comparison early.
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
