import type { App } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBolt } from './open-bolt.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';
import type { Trouble } from './weather.ts';

let slack: SlackServer;
let bolt: App;

beforeEach(async () => {
  slack = await startSlackServer();
  bolt = createBolt(slack);
  await bolt.start();
});

afterEach(async () => {
  await bolt.stop();
  await slack.close();
});

const post = () => bolt.client.chat.postMessage({ channel: slack.general.id, text: 'hello' });

test.each<[string, Trouble, object]>([
  ['an error', { kind: 'error', error: 'internal_error' }, { data: { error: 'internal_error' } }],
  ['a server error', { kind: 'status', status: 503 }, { statusCode: 503 }],
  ['a connection that is cut', { kind: 'hang_up' }, { code: 'slack_webapi_request_error' }],
])('%s, before the work and after it', async (_what, trouble, expected) => {
  slack.weather.expect({ of: 'chat.postMessage', trouble });
  await expect(post()).rejects.toMatchObject(expected);
  expect(slack.messages(slack.general)).toEqual([]);
  slack.weather.expect({ of: 'chat.postMessage', trouble, afterWork: true });
  await expect(post()).rejects.toMatchObject(expected);
  expect(slack.messages(slack.general)).toHaveLength(1);
  await post();
});

test('a call that is never answered is seen by who waits', async () => {
  slack.weather.expect({ of: 'auth.test', trouble: { kind: 'silence' } });
  const silent = bolt.client.auth.test().catch(() => 'cut off');
  await slack.until('the call', () => slack.state.calls.some(({ answer }) => answer === 'silence'));
  await slack.close();
  expect(await silent).toBe('cut off');
  slack = await startSlackServer();
});

test('a Retry-After is obeyed by the real client', async () => {
  slack.weather.expect({ of: 'chat.postMessage', trouble: { kind: 'ratelimited', retryAfterSeconds: 0 } });
  await expect(post()).rejects.toThrow('A rate limit was exceeded');
  expect((await post()).ok).toBe(true);
});

test('everything can be away until it is told to come back', async () => {
  slack.weather.expect({ of: '*', trouble: { kind: 'status', status: 502 }, times: Number.POSITIVE_INFINITY });
  await expect(post()).rejects.toMatchObject({ statusCode: 502 });
  await expect(bolt.client.auth.test()).rejects.toMatchObject({ statusCode: 502 });
  slack.weather.clear();
  expect((await post()).ok).toBe(true);
});

test('up to eleven copies of an event come with ids of their own and the same event_ts', async () => {
  const heard: string[] = [];
  bolt.event('app_mention', async ({ event, body }) => void heard.push(`${body.event_id} ${event.event_ts}`));
  slack.weather.copiesOfEvents = 11;
  await slack.alice.mentions(slack.general, 'a boat');
  await slack.until('all copies', () => heard.length === 11);
  expect(new Set(heard).size).toBe(11);
  expect(new Set(heard.map((one) => one.split(' ')[1])).size).toBe(1);
  slack.weather.copiesHaveOwnIds = false;
  heard.length = 0;
  await slack.alice.mentions(slack.general, 'a boat');
  await slack.until('all copies again', () => heard.length === 11);
  expect(new Set(heard).size).toBe(1);
});

test('an upload that is never shared stays without shares', async () => {
  slack.weather.neverShare = true;
  const { upload_url, file_id } = await bolt.client.files.getUploadURLExternal({ filename: 'a.png', length: 1 });
  await fetch(upload_url as string, { method: 'POST', body: new Uint8Array(1) });
  await bolt.client.files.completeUploadExternal({ files: [{ id: file_id as string }], channel_id: slack.general.id });
  slack.state.clock.advance(60_000);
  expect((await bolt.client.files.info({ file: file_id as string })).file?.shares).toEqual({});
});

test('bytes and answers meet bad weather too', async () => {
  const { upload_url } = await bolt.client.files.getUploadURLExternal({ filename: 'a.png', length: 1 });
  slack.weather.expect({ of: 'upload', trouble: { kind: 'status', status: 500 } });
  const send = async () => (await fetch(upload_url as string, { method: 'POST', body: new Uint8Array(1) })).status;
  expect([await send(), await send()]).toEqual([500, 200]);
});

test('events wait out a socket that was cut, and a client that was asked to comes back', async () => {
  const heard: string[] = [];
  bolt.event('app_mention', async ({ event }) => void heard.push(event.text));
  slack.sockets.drop();
  await slack.until('the socket to close', () => slack.sockets.connections === 0);
  const { receipts } = await slack.alice.mentions(slack.general, 'a boat');
  expect(receipts).toContainEqual({ outcome: 'failed', reason: 'connection_failed', noRetry: false, status: null });
  await slack.until('the client to come back', () => slack.sockets.connections === 1);
  slack.state.clock.advance(60_000);
  await slack.until('the retry', () => heard.length === 1);
  slack.sockets.disconnect('refresh_requested');
  await slack.until('the client to leave', () => slack.sockets.connections === 0);
  await slack.until('the client to come back again', () => slack.sockets.connections === 1);
  await slack.alice.mentions(slack.general, 'another boat');
  await slack.until('the other boat', () => heard.length === 2);
});
