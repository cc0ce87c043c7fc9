import type { webApi } from '@slack/bolt';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from './open-bolt.ts';
import { type SlackServer, type SlackServerOptions, startSlackServer } from './start-slack-server.ts';

let slack: SlackServer;

afterEach(() => slack.close());

async function connect(options: SlackServerOptions = {}): Promise<webApi.WebClient> {
  slack = await startSlackServer(options);
  return createClient(slack, slack.botToken);
}

async function countUntilLimited(call: () => Promise<unknown>): Promise<{ calls: number; retryAfter: number }> {
  for (let calls = 0; ; calls += 1) {
    try {
      await call();
    } catch (error) {
      return { calls, retryAfter: (error as { retryAfter: number }).retryAfter };
    }
  }
}

test('fifty edits a minute for the whole workspace, then a Retry-After; a minute later there are fifty more', async () => {
  const client = await connect();
  const first = await client.chat.postMessage({ channel: slack.general.id, text: 'hello' });
  const edit = () => client.chat.update({ channel: slack.general.id, ts: first.ts as string, text: 'new' });
  const { calls, retryAfter } = await countUntilLimited(edit);
  expect(calls).toBe(50);
  expect(retryAfter).toBeGreaterThan(50);
  slack.state.clock.advance(60_000);
  expect((await countUntilLimited(edit)).calls).toBe(50);
});

test('one message a second and channel, with a short burst', async () => {
  const client = await connect();
  const other = slack.addChannel('other');
  const post = (channel: string) => () => client.chat.postMessage({ channel, text: 'hello' });
  expect((await countUntilLimited(post(slack.general.id))).calls).toBe(4);
  expect((await countUntilLimited(post(other.id))).calls).toBe(4);
  slack.state.clock.advance(4000);
  expect((await countUntilLimited(post(slack.general.id))).calls).toBe(4);
});

test('a pace makes minutes shorter', async () => {
  const client = await connect({ pace: 60 });
  const info = () => client.team.info();
  await countUntilLimited(info);
  slack.state.clock.advance(1000);
  expect((await info()).ok).toBe(true);
});

test('ten connections, each event over one of them, and none for the eleventh', async () => {
  await connect();
  const app = createClient(slack, slack.appToken);
  const counts: number[] = [];
  const sockets: WebSocket[] = [];
  const open = async (heard: (message: { type: string; reason?: string }) => void) => {
    const { url } = await app.apps.connections.open();
    const socket = new WebSocket(url as string);
    sockets.push(socket);
    socket.on('message', (data) => {
      const message = JSON.parse(String(data as Buffer)) as { type: string; envelope_id?: string };
      heard(message);
      if (message.envelope_id !== undefined) socket.send(JSON.stringify({ envelope_id: message.envelope_id }));
    });
    return url as string;
  };
  for (let at = 0; at < 10; at += 1) {
    counts.push(0);
    await open(({ type }) => {
      if (type === 'events_api') counts[at] = (counts[at] ?? 0) + 1;
    });
  }
  await slack.until('ten connections', () => slack.sockets.connections === 10);
  const { promise: refused, resolve } = Promise.withResolvers<string>();
  const url = await open(({ type, reason }) => resolve(`${type} ${reason}`));
  expect(await refused).toBe('disconnect too_many_websockets');

  for (let at = 0; at < 60; at += 1) await slack.alice.says(slack.general, `message ${at}`);

  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(3);
  const [socket] = sockets;
  socket?.send('hello?');
  socket?.send(JSON.stringify({ envelope_id: 'unknown' }));
  await slack.until('nonsense to be noted', () => slack.sockets.nonsense.length === 2);
  const again = new WebSocket(url);
  const { promise: failed, resolve: note } = Promise.withResolvers<string>();
  again.on('error', (error) => note(error.message));
  expect(await failed).toContain('401');
});

test('lists come in pages', async () => {
  const client = await connect({ pace: 1000 });
  for (let at = 0; at < 5; at += 1) await slack.alice.says(slack.general, `message ${at}`);
  const pages: (string | undefined)[][] = [];
  for await (const page of client.paginate('conversations.history', { channel: slack.general.id, limit: 2 })) {
    pages.push((page as unknown as { messages: { text: string }[] }).messages.map(({ text }) => text));
  }
  expect(pages).toEqual([['message 4', 'message 3'], ['message 2', 'message 1'], ['message 0']]);
});
