import type { JobId } from '../../jobs/job.ts';

const purposes = { progress: 'p', ending: 'e', direct: 'd' } as const;

/** Discord makes one message of two posts with the same nonce; at most 25 characters. */
export function jobNonce(job: JobId, purpose: keyof typeof purposes): string {
  return `${Buffer.from(job.replaceAll('-', ''), 'hex').toString('base64url')}${purposes[purpose]}`;
}

/** For the answer to a message. */
export function answerNonce(message: string): string {
  return `a${message}`;
}

const discordEpoch = 1_420_070_400_000n;

/** The smallest message id of that moment. https://discord.com/developers/docs/reference#snowflakes */
export function snowflakeAt(ms: number): string {
  const since = BigInt(Math.round(ms)) - discordEpoch;
  return String((since < 0n ? 0n : since) << 22n);
}

/** When a message was written. */
export function timeOf(snowflake: string): number {
  return Number((BigInt(snowflake) >> 22n) + discordEpoch);
}
