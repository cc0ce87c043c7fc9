import { expect, test } from 'vitest';
import { ownerOf } from '../../../src/jobs/owner.ts';
import type { SlackServer } from '../../servers/slack/start-slack-server.ts';
import { openBot, partOf, untilResult, useSlack, wordsOf } from './open-slack.ts';

/** Each symptom of facts/chat-platforms.md that concerns Slack. */
const open = useSlack();
const aliceIn = ({ team, alice }: SlackServer) =>
  ({ platform: 'slack', workspace: team.id, userId: alice.id, name: '', locale: 'en', isAdmin: false }) as const;

test('duplicates from retries: the same event again is one job', async () => {
  const world = await open();
  const { slack, engine } = world;
  slack.weather.copiesOfEvents = 4;
  slack.weather.copiesHaveOwnIds = false;
  await slack.alice.mentions(slack.general, 'a red boat');
  await untilResult(world);
  expect(engine.requests).toHaveLength(1);
  expect(slack.messages(slack.general).filter(({ metadata }) => partOf(metadata) === 'job')).toHaveLength(1);
});

test('up to 11 copies of one message, with different event ids and no retry header, are one job', async () => {
  const world = await open();
  const { slack, engine } = world;
  slack.weather.copiesOfEvents = 11;
  slack.weather.copiesHaveOwnIds = true;
  await slack.alice.says(slack.general, '!imagine a red boat');
  await untilResult(world);
  expect(engine.requests).toHaveLength(1);
});

test('an event that comes again after a restart is the same job', async () => {
  const world = await open();
  const { slack, jobs } = world;
  slack.weather.copiesOfEvents = 2;
  await slack.alice.mentions(slack.general, 'a red boat');
  await untilResult(world);
  const again = await world.restart();
  const event = slack.deliveries.find(({ envelope }) => JSON.stringify(envelope.payload).includes('app_mention'));
  if (event === undefined) throw new Error('Expected an event.');
  const before = slack.state.calls.filter(({ method }) => method === 'chat.postMessage').length;
  const known = await jobs.recent(aliceIn(slack), { limit: 10 });
  expect(known).toHaveLength(1);
  const { idempotencyKey, request, replyTo } = known[0] ?? {};
  if (!idempotencyKey || !request || !replyTo) throw new Error('Expected a job.');
  const submitted = await again.jobs.submit(request, aliceIn(slack), replyTo, idempotencyKey);
  expect(submitted.created).toBe(false);
  expect(slack.state.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(before);
});

test('an upload says ok but is never shared: it is uploaded anew and shown once', async () => {
  const world = await open({ platform: { share: { firstMs: 5, lastMs: 20, deadlineMs: 100 } } });
  const { slack } = world;
  slack.weather.neverShare = true;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await slack.until(
    'the lost files to be taken away',
    () => slack.state.calls.filter(({ method, answer }) => method === 'files.delete' && answer === 'ok').length >= 4,
  );
  slack.weather.neverShare = false;
  await untilResult(world);
  expect(slack.messages(slack.general).filter(({ files }) => files.length > 0)).toHaveLength(1);
});

test('the share is asynchronous: nothing overtakes the pictures', async () => {
  const world = await open({ server: { shareDelayMs: 400 } });
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { parent, pictures, buttons } = await untilResult(world);
  expect(Number(parent.ts)).toBeLessThan(Number(pictures.ts));
  expect(Number(pictures.ts)).toBeLessThan(Number(buttons.ts));
});

test('an image block is never made of a file, nor a markdown block: Slack refuses both', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
  const sent = JSON.stringify(slack.state.calls.map((call) => call.arguments));
  expect(sent).not.toMatch(/"type\\*":\\*"(image|markdown)/);
  expect(sent).not.toContain('url_private');
});

test('N files are one message, and one call shares them', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat count:3');
  const { pictures } = await untilResult(world);
  expect(pictures.files).toHaveLength(3);
  expect(slack.state.calls.filter(({ method }) => method === 'files.completeUploadExternal')).toHaveLength(1);
});

test('alt_txt arrives, which the library’s own helper loses', async () => {
  const world = await open();
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  const { pictures } = await untilResult(world);
  for (const { altText } of pictures.files) expect(altText).toMatch(/a red boat/);
});

test('not_in_channel: joins a public channel', async () => {
  const world = await open();
  const { slack } = world;
  const channel = slack.addChannel('open', { withBot: false, members: [slack.alice] });
  await slack.alice.slash(channel, '/imagine', 'a red boat');
  const { pictures } = await untilResult(world, channel);
  expect(pictures.files).toHaveLength(4);
  expect(channel.members.has(slack.team.botUser)).toBe(true);
});

test('not_in_channel: in a private one it says how to invite it, only to the asker, and draws nothing', async () => {
  const { slack, jobs } = await open();
  const channel = slack.addChannel('secret', { kind: 'private', withBot: false, members: [slack.alice] });
  await slack.alice.slash(channel, '/imagine', 'a red boat');
  const note = await slack.until('how to invite', () => slack.alice.notes(channel)[0]);
  expect(note.text).toContain('/invite');
  expect(note.text).toContain(slack.team.botUser);
  const all = await jobs.recent(aliceIn(slack), { limit: 10 });
  expect(all.filter(({ state }) => state === 'delivered')).toEqual([]);
  expect(slack.messages(slack.alice.direct())).toEqual([]);
});

test('429 with Retry-After: waits as long as Slack says, and tells once', async () => {
  const world = await open();
  const { slack } = world;
  for (const of of ['files.completeUploadExternal', 'chat.postMessage', 'files.info']) {
    slack.weather.expect({ of, trouble: { kind: 'ratelimited', retryAfterSeconds: 1 } });
  }
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
  expect(slack.messages(slack.general)).toHaveLength(3);
  const { calls } = slack.state;
  const refused = calls.filter(({ answer }) => answer === 'ratelimited');
  expect(refused).toHaveLength(3);
  for (const { method, atMs } of refused) {
    const next = calls.find((call) => call.method === method && call.atMs > atMs);
    expect((next?.atMs ?? 0) - atMs).toBeGreaterThanOrEqual(990);
  }
});

test('Slack answers 503, hangs up, or does the work and hangs up: told once all the same', async () => {
  const world = await open();
  const { slack } = world;
  slack.weather.expect({ of: 'files.getUploadURLExternal', trouble: { kind: 'status', status: 503 } });
  slack.weather.expect({ of: 'upload', trouble: { kind: 'hang_up' } });
  slack.weather.expect({ of: 'files.completeUploadExternal', trouble: { kind: 'hang_up' }, afterWork: true });
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
  expect(slack.messages(slack.general).filter(({ files }) => files.length > 0)).toHaveLength(1);
  expect(slack.messages(slack.general)).toHaveLength(3);
});

test('the answer to the message with the buttons is lost: it is found again, not posted twice', async () => {
  const world = await open();
  const { slack, engine } = world;
  const release = engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await slack.untilMessage(slack.general, 'the message of the job', ({ metadata }) => partOf(metadata) === 'job');
  slack.weather.expect({ of: 'chat.postMessage', trouble: { kind: 'hang_up' }, afterWork: true });
  release();
  await world.reached('delivered');
  expect(slack.messages(slack.general).filter(({ metadata }) => partOf(metadata) === 'buttons')).toHaveLength(1);
});

test('the process dies between sharing and saying so: the next one tells once', async () => {
  const world = await open();
  const { slack } = world;
  slack.weather.expect({ of: 'files.info', trouble: { kind: 'silence' }, times: 50 });
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await slack.until('the pictures', () => slack.messages(slack.general).some(({ files }) => files.length === 4));
  slack.weather.clear();
  await world.restart();
  await untilResult(world);
  expect(slack.messages(slack.general).filter(({ files }) => files.length > 0)).toHaveLength(1);
  expect(slack.messages(slack.general)).toHaveLength(3);
});

test('the process dies between accepting a job and saying so: the message is posted once', async () => {
  const world = await open();
  const { slack, engine } = world;
  engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await slack.until('the message of the job', () => slack.messages(slack.general).length === 1);
  await world.restart({ engine: {} });
  const { parent } = await untilResult(world);
  expect(slack.messages(slack.general).filter(({ metadata }) => partOf(metadata) === 'job')).toEqual([parent]);
});

test('the channel is archived meanwhile: the asker gets the pictures directly', async () => {
  const world = await open();
  const { slack, engine } = world;
  const release = engine.hold();
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await slack.until('the message of the job', () => slack.messages(slack.general).length === 1);
  slack.general.archived = true;
  release();
  const direct = slack.alice.direct();
  const { parent, pictures } = await untilResult(world, direct);
  expect(pictures.files).toHaveLength(4);
  expect(wordsOf(parent)).toContain(`<#${slack.general.id}>`);
});

test('edits stay inside the budget of Tier 3, however many steps there are', async () => {
  const world = await open({ server: { pace: 1, shareDelayMs: 5 } });
  const { slack } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat steps:150');
  await untilResult(world);
  expect(slack.state.calls.filter(({ answer }) => answer === 'ratelimited')).toEqual([]);
});

test('a response_url that is used up or too old does not silence the bot', async () => {
  const { slack } = await open();
  slack.weather.expect({ of: 'response_url', trouble: { kind: 'status', status: 500 } });
  await slack.alice.slash(slack.general, '/quartet', 'queue');
  const note = await slack.until('the answer all the same', () => slack.alice.notes(slack.general)[0]);
  expect(note.text).toContain('Nobody is waiting');
});

test('the socket is cut, and asked to come back: events go on', async () => {
  const world = await open();
  const { slack } = world;
  slack.sockets.disconnect('refresh_requested');
  const isOpenAgain = (times: number) => () =>
    slack.sockets.connections === 1 &&
    slack.state.calls.filter(({ method }) => method === 'apps.connections.open').length === times;
  await slack.until('a new connection', isOpenAgain(2));
  slack.sockets.drop();
  await slack.until('another one', isOpenAgain(3));
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
});

test('another process tells the same ending again: it finds out from Slack that people were told', async () => {
  const world = await open({ platform: { soleProcess: false } });
  const { slack, store, pictures } = world;
  await slack.alice.slash(slack.general, '/imagine', 'a red boat');
  await untilResult(world);
  await world.reached('delivered');
  const [job] = await store.history(ownerOf(aliceIn(slack)), { limit: 1, before: Number.MAX_SAFE_INTEGER });
  if (job?.state !== 'delivered') throw new Error('Expected a job that was delivered.');
  const other = await openBot(slack, { pictures, store, platform: { soleProcess: false } });
  const { message, deliveredAt: _told, ...rest } = job;
  const receipt = await other.platform.deliver(
    { ...rest, state: 'drawn', replyTo: { ...job.replyTo, message: null } },
    { signal: new AbortController().signal },
  );
  await other.close();
  expect(receipt).toEqual({ message });
  expect(slack.messages(slack.general)).toHaveLength(3);
});

test('a hundred people ask at the same moment: each is acknowledged within the three seconds that Slack allows', async () => {
  const { slack, engine } = await open();
  engine.hold();
  const begun = Date.now();
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const { receipt } = await slack.alice.slash(slack.general, '/imagine', `a red boat seed:${index}`);
      return { outcome: receipt?.outcome, ms: Date.now() - begun };
    }),
  );
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['acknowledged']));
  expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(3_000);
});
