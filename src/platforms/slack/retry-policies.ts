import type { WebClientOptions } from '@slack/web-api';

type RetryPolicy = NonNullable<WebClientOptions['retryConfig']>;

/**
 * How often a call to Slack is made again by the client itself. The library's default (ten times in half an hour) would
 * hold a job all that time; the job core retries for hours, with its own record of what was done.
 */
export const slackRetryPolicies = {
  /** What may have happened although the answer was lost (a message posted) is never done again blindly. */
  write: { retries: 0 },
  /** What may be asked twice without harm. */
  read: { retries: 2, minTimeout: 200, maxTimeout: 2_000, factor: 3, randomize: true },
} as const satisfies Record<string, RetryPolicy>;

/** How long to wait between attempts to open the socket again; doubles from the first to the last. */
export const reconnect = { firstMs: 500, lastMs: 30_000 } as const;

/** How long one call may take. */
export const callTimeoutMs = 15_000;
