import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../commands/index.ts';
import { renderSlackManifest } from '../../src/platforms/slack/manifest.ts';
import { tinyPipelineDir } from '../engines/onnx/tiny-pipeline.ts';
import { partOf } from '../platforms/slack/open-slack.ts';
import { type SlackServer, startSlackServer } from '../servers/slack/start-slack-server.ts';
import type { SlackMessage } from '../servers/slack/world.ts';
import { runQuartet, startServer } from './server-process.ts';

let slack: SlackServer;
let folder: string;

beforeEach(async () => {
  const manifest = renderSlackManifest(commands, { publicUrl: null, installable: false });
  slack = await startSlackServer({ manifest, pace: 100 });
  folder = await mkdtemp(join(tmpdir(), 'quartet-program-'));
});
afterEach(async () => {
  await slack.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  DATA_DIR: folder,
  MODEL_DIR: tinyPipelineDir,
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_API_URL: slack.apiUrl,
});
const isPictures = ({ files }: SlackMessage) => files.length > 0;
const isPart = (part: string) => (message: SlackMessage) => partOf(message.metadata) === part;
const called = (method: string) => () => slack.state.calls.some((call) => call.method === method);
const deadlineMs = 40_000;

/** How far the first process comes before it is killed. */
const moments: readonly { readonly name: string; readonly has: () => boolean }[] = [
  { name: 'its message was posted', has: () => slack.messages(slack.general).some(isPart('job')) },
  { name: 'Slack was asked to share them', has: called('files.completeUploadExternal') },
  { name: 'the pictures were there', has: () => slack.messages(slack.general).some(isPictures) },
];

describe('serve with Slack', () => {
  test.for(moments)(
    'killed -9 when $name, it tells once, and its buttons work',
    { timeout: 120_000 },
    async ({ has }) => {
      const first = await startServer(environment());
      await slack.alice.slash(slack.general, '/imagine', 'a red lighthouse steps:10');
      await slack.until('the moment', has, deadlineMs);
      await first.end('SIGKILL');

      const second = await startServer(environment());
      await slack.until(
        'the end',
        () => slack.messages(slack.general).some(({ text }) => /Done in/.test(text)),
        deadlineMs,
      );
      const shown = slack.messages(slack.general);
      expect(shown.filter(isPictures)).toHaveLength(1);
      expect(shown.filter(isPart('job'))).toHaveLength(1);
      const buttons = shown.filter(isPart('buttons'));
      expect(buttons).toHaveLength(1);
      const [result] = buttons;
      if (result !== undefined) await slack.alice.press(result, 'Again');
      await slack.until(
        'more pictures',
        () => slack.messages(slack.general).filter(isPictures).length === 2,
        deadlineMs,
      );
      expect(await second.end('SIGTERM')).toBe(0);
    },
  );

  test('in HTTP mode Slack reaches it on the program’s own server, beside the playground', async () => {
    const { SLACK_APP_TOKEN: _none, ...rest } = environment();
    const server = await startServer({ ...rest, SLACK_SIGNING_SECRET: slack.signingSecret });
    await slack.postTo(`${server.url}/slack/events`);
    await slack.alice.slash(slack.general, '/imagine', 'a red lighthouse steps:2');
    await slack.until('pictures', () => slack.messages(slack.general).some(isPictures), deadlineMs);
    expect((await fetch(server.url)).status).toBe(200);
    expect(await server.end('SIGTERM')).toBe(0);
  }, 90_000);

  test.for([
    ['SLACK_BOT_TOKEN', 'xoxb-wrong'],
    ['SLACK_APP_TOKEN', 'xapp-wrong'],
  ] as const)('a wrong %s ends the start with one sentence', { timeout: 90_000 }, async ([name, value]) => {
    const outcome = await runQuartet(['serve'], { ...environment(), [name]: value });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.trim().split('\n').at(-1)).toMatch(new RegExp(`^${name}: expected`));
  });
});
