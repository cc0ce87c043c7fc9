import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { DeliveryError, QuartetError } from '../../errors.ts';

/** Slack's words for a place that the bot cannot write to. */
const unreachable = new Set([
  'channel_not_found',
  'not_in_channel',
  'is_archived',
  'is_inactive',
  'restricted_action',
  'restricted_action_read_only_channel',
  'restricted_action_thread_only_channel',
  'restricted_action_non_threadable_channel',
  'restricted_action_thread_locked',
  'cannot_reply_to_message',
  'message_not_in_thread',
  'messages_tab_disabled',
  'channel_type_not_supported',
  'method_not_supported_for_channel_type',
  'thread_not_found',
]);

/** Words after which the very same call may succeed. */
const temporary = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'message_limit_exceeded',
  'ratelimited',
  'rate_limited',
  'accesslimited',
]);

/** Words that end when whoever runs the bot installs it again, with another token or more scopes. */
const forbidden = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
  'no_permission',
  'ekm_access_denied',
  'org_login_required',
  'team_access_not_granted',
]);

/** Time for somebody to install the bot anew. */
const forbiddenRetryMs = 60_000;
const temporaryRetryMs = 1_000;

/** Any error of a call to Slack, as the job core knows it. */
export function toDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (error instanceof WebAPIRateLimitedError) {
    return new DeliveryError('slack_rate_limited', `Slack asks to wait ${error.retryAfter} s.`, {
      cause: error,
      retryable: true,
      retryAfterMs: error.retryAfter * 1_000,
    });
  }
  if (error instanceof WebAPIPlatformError) return platformError(error);
  if (error instanceof WebAPIHTTPError) {
    const retryable = error.statusCode >= 500 || error.statusCode === 429;
    const message = `Expected an answer from Slack, got HTTP ${error.statusCode}.`;
    return new DeliveryError('slack_unavailable', message, { cause: error, retryable });
  }
  if (error instanceof WebAPIRequestError) {
    return new DeliveryError('slack_unreachable', 'Slack did not answer.', { cause: error, retryable: true });
  }
  if (error instanceof QuartetError) {
    return new DeliveryError(error.code, error.message, { cause: error, retryable: error.retryable });
  }
  // A fault of ours or of a library: another try may do, and the log has the cause.
  const reason = error instanceof Error ? error.message : String(error);
  return new DeliveryError('slack_failed', `Telling Slack failed: ${reason}`, { cause: error, retryable: true });
}

function platformError(error: WebAPIPlatformError): DeliveryError {
  const word = error.data.error;
  const message = `Slack answered ${word}.`;
  if (unreachable.has(word)) return new DeliveryError('slack_channel_unreachable', message, { cause: error });
  if (temporary.has(word)) {
    return new DeliveryError('slack_busy', message, { cause: error, retryable: true, retryAfterMs: temporaryRetryMs });
  }
  if (forbidden.has(word)) {
    const needed = 'needed' in error.data ? ` It needs the scope ${String(error.data.needed)}.` : '';
    return new DeliveryError('slack_forbidden', `${message}${needed}`, {
      cause: error,
      retryable: true,
      retryAfterMs: forbiddenRetryMs,
    });
  }
  return new DeliveryError('slack_refused', message, { cause: error });
}

/** Slack's own word for what went wrong; null where the error is of another kind. */
export function slackWord(error: unknown): string | null {
  if (error instanceof WebAPIPlatformError) return error.data.error;
  return error instanceof DeliveryError && error.cause !== undefined ? slackWord(error.cause) : null;
}

/** Whether the bot cannot write to that place, now or later. */
export function isUnreachable(error: unknown): boolean {
  return toDeliveryError(error).code === 'slack_channel_unreachable';
}
