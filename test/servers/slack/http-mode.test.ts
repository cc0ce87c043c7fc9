import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signatureOf } from './http-mode.ts';
import { startHttpBolt } from './open-bolt.ts';
import { readBytes } from './read-body.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';

let slack: SlackServer;
let bolt: App | null;
let plain: Server | null;

beforeEach(async () => {
  slack = await startSlackServer();
  bolt = null;
  plain = null;
});

afterEach(async () => {
  await bolt?.stop();
  plain?.closeAllConnections();
  plain?.close();
  await slack.close();
});

async function listen(fill: (app: App) => void): Promise<string> {
  const { app, url } = await startHttpBolt(slack, fill);
  bolt = app;
  return url;
}

test('commands, clicks and events are posted to an address that answered the challenge', async () => {
  const seen: string[] = [];
  const url = await listen((app) => {
    app.command('/imagine', async ({ ack, command }) => {
      seen.push(command.text);
      await ack({ response_type: 'in_channel', text: 'Drawing' });
    });
    app.event('app_mention', async ({ event }) => void seen.push(event.text));
    app.shortcut('draw', async ({ ack, shortcut }) => {
      seen.push(shortcut.type);
      await ack();
    });
  });
  await slack.postTo(url);

  await slack.alice.slash(slack.general, '/imagine', 'fish & chips');
  await slack.alice.globalShortcut('draw');
  const { receipts } = await slack.alice.mentions(slack.general, 'hello');

  expect(receipts).toMatchObject([{ outcome: 'acknowledged' }, { outcome: 'acknowledged' }]);
  await slack.until('everything to be heard', () => seen.length === 3);
  expect(seen).toEqual(['fish &amp; chips', 'shortcut', `<@${slack.team.botUser}> hello`]);
  expect(slack.messages(slack.general)[0]?.text).toBe('Drawing');
});

test('an address that does not answer the challenge is refused', async () => {
  await expect(slack.postTo(`${slack.apiUrl}nothing`)).rejects.toThrow('to answer the challenge, got 200');
});

test('Bolt takes what is signed, and nothing else', async () => {
  const url = await listen(() => {});
  const mode = await slack.postTo(url);
  const body = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
  const old = Math.floor(Date.now() / 1000) - 301;
  const forge = async (headers: Record<string, string>) => (await mode.post(body, 'application/json', headers)).status;
  expect(await forge({})).toBe(200);
  expect(await forge({ 'x-slack-signature': signatureOf('another secret', old + 301, body) })).toBe(401);
  const stale = signatureOf(slack.signingSecret, old, body);
  expect(await forge({ 'x-slack-signature': stale, 'x-slack-request-timestamp': String(old) })).toBe(401);
});

test('an event that is not acknowledged comes again at once, after a minute and after five', async () => {
  const heard: (string | undefined)[] = [];
  const answers = [404, 500, 404, 404];
  const url = await listenPlain((headers) => {
    heard.push([headers['x-slack-retry-num'], headers['x-slack-retry-reason']].join(' '));
    return { status: answers[heard.length - 1] ?? 200 };
  });
  await slack.postTo(url);
  await slack.alice.says(slack.general, 'hello');
  await slack.until('the first retry', () => heard.length === 2);
  await slack.until('its answer', () => slack.deliveries.every(({ receipt }) => receipt !== null));
  slack.state.clock.advance(60_000);
  await slack.until('the second retry', () => slack.deliveries.length === 3 && slack.deliveries[2]?.receipt);
  slack.state.clock.advance(300_000);
  await slack.until('the third retry', () => slack.deliveries.length === 4 && slack.deliveries[3]?.receipt);
  slack.state.clock.advance(3_600_000);
  expect(heard).toEqual([' ', '1 http_error', '2 http_error', '3 http_error']);
  expect(slack.deliveries.map(({ envelope }) => envelope.payload.event_id)).toEqual(
    Array(4).fill(slack.deliveries[0]?.envelope.payload.event_id),
  );
});

test('X-Slack-No-Retry ends it, on an answer other than 2xx', async () => {
  const heard: string[] = [];
  const url = await listenPlain(() => {
    heard.push('event');
    return { status: 500, headers: { 'x-slack-no-retry': '1' } };
  });
  await slack.postTo(url);
  const { receipts } = await slack.alice.says(slack.general, 'hello');
  expect(receipts).toMatchObject([{ outcome: 'failed', reason: 'http_error', noRetry: true, status: 500 }]);
  slack.state.clock.advance(3_600_000);
  expect(heard).toEqual(['event']);
});

test('silence for three seconds is a timeout, whatever is answered then', async () => {
  const { promise: late, resolve: goOn } = Promise.withResolvers<void>();
  const url = await listenPlain(async () => {
    await late;
    return { status: 200, headers: { 'x-slack-no-retry': '1' } };
  });
  await slack.postTo(url);
  const outcome = slack.alice.slash(slack.general, '/imagine', 'a boat');
  await slack.until('the command', () => slack.deliveries.length === 1);
  slack.state.clock.advance(3000);
  expect(await outcome).toMatchObject({ refusal: '/imagine failed with the error "operation_timeout"' });
  goOn();
  await slack.until('the late answer', () => slack.deliveries[0]?.lateAfterMs !== null);
});

type Answer = { status: number; headers?: Record<string, string> };

/** An app without Bolt, which answers what a test wants it to. */
async function listenPlain(answer: (headers: IncomingHttpHeaders) => Answer | Promise<Answer>): Promise<string> {
  const server = createServer((request, response) => {
    void readBytes(request).then(async (bytes) => {
      const { challenge } = bytes.includes('url_verification')
        ? (JSON.parse(bytes.toString()) as { challenge: string })
        : {};
      if (challenge !== undefined) {
        response.end(challenge);
        return;
      }
      const { status, headers } = await answer(request.headers);
      response.writeHead(status, headers ?? {}).end();
    });
  });
  plain = server;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
}
