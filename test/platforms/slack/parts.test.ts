import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { expect, test } from 'vitest';
import { createDuplicates } from '../../../src/platforms/slack/duplicates.ts';
import { isUnreachable, toDeliveryError } from '../../../src/platforms/slack/errors.ts';
import { messageLink } from '../../../src/platforms/slack/place.ts';
import { createSeal } from '../../../src/platforms/slack/seal.ts';

const platformError = (error: string) => new WebAPIPlatformError({ ok: false, error });

test('each error of Slack says whether and when to try again', () => {
  expect(toDeliveryError(new WebAPIRateLimitedError(7))).toMatchObject({ retryable: true, retryAfterMs: 7_000 });
  expect(toDeliveryError(new WebAPIHTTPError(503, 'Unavailable', {}))).toMatchObject({ retryable: true });
  expect(toDeliveryError(new WebAPIHTTPError(404, 'Not found', {}))).toMatchObject({ retryable: false });
  expect(toDeliveryError(new WebAPIRequestError(new Error('ECONNRESET')))).toMatchObject({ retryable: true });
  expect(toDeliveryError(platformError('internal_error'))).toMatchObject({ retryable: true });
  expect(toDeliveryError(platformError('token_revoked'))).toMatchObject({ retryable: true, retryAfterMs: 60_000 });
  expect(toDeliveryError(platformError('invalid_blocks'))).toMatchObject({ retryable: false });
  expect(isUnreachable(platformError('not_in_channel'))).toBe(true);
  expect(isUnreachable(platformError('msg_too_long'))).toBe(false);
});

test('a sealed token opens with the same secret, under the same name, unchanged', () => {
  const key = new TextEncoder().encode('a long enough secret');
  const { seal, open } = createSeal(key, 'tests');
  const sealed = seal('xoxb-token', 'T1');
  expect(open(sealed, 'T1')).toBe('xoxb-token');
  expect(open(sealed, 'T2')).toBeNull();
  expect(open(`${sealed.slice(0, -2)}AA`, 'T1')).toBeNull();
  expect(open('s1.', 'T1')).toBeNull();
  expect(createSeal(new TextEncoder().encode('another secret'), 'tests').open(sealed, 'T1')).toBeNull();
  expect(createSeal(key, 'something else').open(sealed, 'T1')).toBeNull();
  expect(seal('xoxb-token', 'T1')).not.toBe(sealed);
});

test('an event is known by any of its marks; two presses in quick succession are one', () => {
  let now = 1_000_000;
  const duplicates = createDuplicates(() => now);
  expect(duplicates.seen(['event:1', 'message:1'])).toBe(false);
  expect(duplicates.seen(['event:2', 'message:1'])).toBe(true);
  now += 3_600_001;
  expect(duplicates.seen(['event:1'])).toBe(false);
  const first = duplicates.pressKey('again', 2_999);
  expect(duplicates.pressKey('again', 3_100)).toBe(first);
  expect(duplicates.pressKey('again', 9_000)).not.toBe(first);
  expect(duplicates.pressKey('other', 3_100)).not.toBe(first);
});

test('a link to a message leads into its thread', () => {
  expect(messageLink('https://acme.slack.com/', 'C1', '1700000000.000100', null)).toBe(
    'https://acme.slack.com/archives/C1/p1700000000000100',
  );
  expect(messageLink('https://acme.slack.com', 'C1', '1700000000.000100', '1600000000.000100')).toBe(
    'https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1600000000.000100&cid=C1',
  );
});
