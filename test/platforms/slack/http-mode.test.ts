import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { untilResult, useSlack } from './open-slack.ts';

const open = useSlack();

test('draws by HTTP as by socket', async () => {
  const world = await open({ mode: 'http' });
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { buttons } = await untilResult(world);
  await slack.alice.press(buttons, 'Again');
  await untilResult(world, slack.general, 2);
  await slack.alice.mentions(slack.general, 'a blue boat');
  await untilResult(world, slack.general, 3);
});

/** Posts a body to the bot as anybody could. */
async function post(
  url: string,
  {
    secret,
    timestamp,
    body,
    type = 'application/json',
  }: { secret: string; timestamp: number; body: string; type?: string },
): Promise<Response> {
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  const headers = {
    'content-type': type,
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': signature,
  };
  return fetch(url, { method: 'POST', body, headers });
}

test('takes what Slack signed within five minutes, and nothing else', async () => {
  const { slack, url } = await open({ mode: 'http' });
  const secret = slack.signingSecret;
  const now = Math.floor(Date.now() / 1_000);
  const body = JSON.stringify({ type: 'url_verification', challenge: 'a challenge' });
  const good = await post(url, { secret, timestamp: now, body });
  expect(await good.json()).toEqual({ challenge: 'a challenge' });
  for (const timestamp of [now - 301, now + 301]) {
    expect((await post(url, { secret, timestamp, body })).status).toBe(401);
  }
  expect((await post(url, { secret: 'another secret', timestamp: now, body })).status).toBe(401);
  expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
  const short = { 'x-slack-request-timestamp': String(now), 'x-slack-signature': 'v0=00' };
  expect((await fetch(url, { method: 'POST', body, headers: short })).status).toBe(401);
});

test('the signature is over the raw body: the same JSON, written otherwise, is not signed', async () => {
  const { slack, url } = await open({ mode: 'http' });
  const timestamp = Math.floor(Date.now() / 1_000);
  const raw = '{"type":"url_verification","challenge":"x"}';
  const signature = `v0=${createHmac('sha256', slack.signingSecret).update(`v0:${timestamp}:${raw}`).digest('hex')}`;
  const headers = {
    'content-type': 'application/json',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': signature,
  };
  const respaced = JSON.stringify(JSON.parse(raw), null, 1);
  expect((await fetch(url, { method: 'POST', body: respaced, headers })).status).toBe(401);
});

test('a body that is neither JSON nor a form of Slack is refused, and a huge one is not read', async () => {
  const { slack, url } = await open({ mode: 'http' });
  const timestamp = Math.floor(Date.now() / 1_000);
  expect((await post(url, { secret: slack.signingSecret, timestamp, body: '{"broken' })).status).toBe(400);
  const huge = 'x'.repeat(2_000_000);
  expect((await post(url, { secret: slack.signingSecret, timestamp, body: huge })).status).toBe(413);
});

test('what nobody listens to is not confirmed', async () => {
  const { slack, url } = await open({ mode: 'http' });
  const timestamp = Math.floor(Date.now() / 1_000);
  const body = new URLSearchParams({ command: '/unknown', team_id: slack.team.id, user_id: 'U1', channel_id: 'C1' });
  const type = 'application/x-www-form-urlencoded';
  const answer = await post(url, { secret: slack.signingSecret, timestamp, body: body.toString(), type });
  expect(answer.status).toBe(404);
});

test('while it shuts down Slack is told to come again', async () => {
  const { slack, url, platform } = await open({ mode: 'http' });
  await platform.close();
  const timestamp = Math.floor(Date.now() / 1_000);
  const body = JSON.stringify({ type: 'event_callback', event: { type: 'app_mention' } });
  expect((await post(url, { secret: slack.signingSecret, timestamp, body })).status).toBe(503);
});

test('retries by HTTP, with their header, are one job', async () => {
  const world = await open({ mode: 'http' });
  const { slack, engine } = world;
  slack.weather.copiesOfEvents = 3;
  slack.weather.copiesHaveOwnIds = false;
  await slack.alice.mentions(slack.general, 'a red boat');
  await untilResult(world);
  expect(engine.requests).toHaveLength(1);
});
