import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tinyPipelineDir } from '../engines/onnx/tiny-pipeline.ts';
import { type DiscordServer, startDiscordServer } from '../servers/discord/start.ts';
import { type SlackServer, startSlackServer } from '../servers/slack/start-slack-server.ts';
import { runQuartet } from './server-process.ts';

let folder: string;
let discord: DiscordServer;
let slack: SlackServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
  [discord, slack] = await Promise.all([startDiscordServer(), startSlackServer()]);
});
afterEach(async () => {
  await Promise.all([discord.close(), slack.close()]);
  await rm(folder, { recursive: true, force: true });
});

const settings = () => ({
  DATA_DIR: join(folder, 'data'),
  MODEL_DIR: tinyPipelineDir,
  DISCORD_TOKEN: discord.token,
  DISCORD_API_URL: discord.apiUrl,
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_API_URL: slack.apiUrl,
});

describe('register', () => {
  test('tells Discord the commands once, and writes the manifest of the Slack app', async () => {
    const file = join(folder, 'manifest.json');
    const first = await runQuartet(['register', '--out', file], settings());
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Discord: added imagine') });
    expect(discord.commands.list(null).map(({ name }) => name)).toContain('imagine');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ settings: { socket_mode_enabled: true } });
    const second = await runQuartet(['register'], settings());
    expect(second.stdout).toContain('Discord: nothing has changed.');
    expect(second.stdout).toContain('"command": "/imagine"');
  });

  test('takes the address that Slack calls, and says what else it was given', async () => {
    const { stdout } = await runQuartet(['register', '--slack-url', 'https://quartet.example'], {});
    expect(stdout).toContain('https://quartet.example/slack/events');
    expect(await runQuartet(['register', '--loudly'], {})).toMatchObject({ code: 2 });
  });
});

describe('doctor', () => {
  test('finds that all is well, once the commands are registered', async () => {
    await runQuartet(['register'], settings());
    const { code, stdout } = await runQuartet(['doctor'], settings());
    expect(stdout).not.toContain('✗');
    expect(stdout).toMatch(/Discord\n {2}✓ .*\n[\s\S]*Slack\n {2}✓ /);
    expect(code).toBe(0);
  });

  test('names a token that is not taken, for each platform, and exits with 1', async () => {
    const wrong = { DISCORD_TOKEN: 'x'.repeat(60), SLACK_BOT_TOKEN: 'xoxb-wrong' };
    const { code, stdout } = await runQuartet(['doctor'], { ...settings(), ...wrong });
    expect(code).toBe(1);
    expect(stdout.match(/✗/g)?.length).toBeGreaterThanOrEqual(2);
  });
});
