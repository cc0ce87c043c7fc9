import { afterEach, expect, test } from 'vitest';
import { commands } from '../../../commands/index.ts';
import { parseConfig } from '../../../src/config.ts';
import { checkSlack } from '../../../src/platforms/slack/doctor.ts';
import { renderSlackManifest } from '../../../src/platforms/slack/manifest.ts';
import { type SlackServer, startSlackServer } from '../../servers/slack/start-slack-server.ts';

const servers: SlackServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function openServer(): Promise<SlackServer> {
  const manifest = renderSlackManifest(commands, { publicUrl: null, installable: false });
  const server = await startSlackServer({ manifest });
  servers.push(server);
  return server;
}

const configOf = (slack: SlackServer, changes: Record<string, string> = {}) =>
  parseConfig({
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    ...changes,
  });

test('finds nothing wrong where nothing is', async () => {
  const slack = await openServer();
  const findings = await checkSlack(configOf(slack), { clock: Date.now });
  expect(findings.filter(({ state }) => state !== 'good')).toEqual([]);
  expect(findings.map(({ what }) => what).join('\n')).toMatch(
    /Harbour[\s\S]*scope[\s\S]*Socket Mode[\s\S]*channel[\s\S]*clock/,
  );
});

test('names each scope that the token lacks, and what it is for', async () => {
  const slack = await openServer();
  slack.team.scopes.delete('files:write');
  const findings = await checkSlack(configOf(slack), { clock: Date.now });
  expect(findings.filter(({ state }) => state === 'bad')).toEqual([
    expect.objectContaining({
      what: expect.stringContaining('files:write'),
      advice: expect.stringContaining('register'),
    }),
  ]);
});

test('says which token Slack does not take', async () => {
  const slack = await openServer();
  const [bot] = await checkSlack(configOf(slack, { SLACK_BOT_TOKEN: 'xoxb-wrong' }), { clock: Date.now });
  expect(bot).toMatchObject({ state: 'bad', what: expect.stringContaining('invalid_auth') });
  const findings = await checkSlack(configOf(slack, { SLACK_APP_TOKEN: 'xapp-wrong' }), { clock: Date.now });
  const bad = findings.filter(({ state }) => state === 'bad');
  expect(bad).toEqual([expect.objectContaining({ advice: expect.stringContaining('connections:write') })]);
});

test('notices a clock that is off, a channel without the bot, and a Slack that is away', async () => {
  const slack = await openServer();
  const late = await checkSlack(configOf(slack), { clock: () => Date.now() + 400_000 });
  expect(late).toContainEqual(
    expect.objectContaining({ state: 'bad', what: expect.stringMatching(/clock is \d+ s away/) }),
  );
  const config = configOf(slack, { SLACK_CHANNELS: 'C0NOWHERE' });
  expect(await checkSlack(config, { clock: Date.now })).toContainEqual(
    expect.objectContaining({ state: 'warning', what: expect.stringContaining('C0NOWHERE') }),
  );
  const away = configOf(slack, { SLACK_API_URL: 'http://127.0.0.1:9/api/' });
  expect(await checkSlack(away, { clock: Date.now })).toEqual([expect.objectContaining({ state: 'bad' })]);
});

test('Slack that is switched off is no fault', async () => {
  expect(await checkSlack(parseConfig({}), { clock: Date.now })).toEqual([expect.objectContaining({ state: 'good' })]);
});
