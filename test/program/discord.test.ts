import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tinyPipelineDir } from '../engines/onnx/tiny-pipeline.ts';
import { buttonsOf } from '../servers/discord/people/find-component.ts';
import { type DiscordServer, startDiscordServer } from '../servers/discord/start.ts';
import { type Message, messagesIn } from '../servers/discord/world.ts';
import { runQuartet, startServer } from './server-process.ts';

let discord: DiscordServer;
let folder: string;

beforeEach(async () => {
  discord = await startDiscordServer();
  folder = await mkdtemp(join(tmpdir(), 'quartet-program-'));
});
afterEach(async () => {
  await discord.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  DATA_DIR: folder,
  MODEL_DIR: tinyPipelineDir,
  DISCORD_TOKEN: discord.token,
  DISCORD_API_URL: discord.apiUrl,
  DISCORD_CDN_URL: discord.cdnUrl,
});
const isResult = (message: Message) =>
  message.attachments.filter(({ filename }) => filename.startsWith('quartet-')).length === 4;

describe('serve with a Discord token', () => {
  test('draws, survives kill -9 in the middle with one answer, and its buttons still work', async () => {
    const ada = discord.addPerson('Ada');
    const first = await startServer(environment());
    const answer = await ada.slash(discord.channel, 'imagine', { prompt: 'a red lighthouse', steps: 50 });
    await answer.shown(20_000);
    await first.end('SIGKILL');

    const second = await startServer(environment());
    const result = await discord.waitForMessage(discord.channel, isResult, 30_000);
    expect(result).toBe(answer.message);
    expect(buttonsOf(result)).toHaveLength(12);
    await ada.press(result, 'Again');
    await discord.waitForMessage(discord.channel, (message) => message !== result && isResult(message), 30_000);
    expect(messagesIn(discord.world, discord.channel).filter(isResult)).toHaveLength(2);
    expect(await second.end('SIGTERM')).toBe(0);
  }, 90_000);

  test('a wrong token ends the start with one sentence', async () => {
    const outcome = await runQuartet(['serve'], { ...environment(), DISCORD_TOKEN: 'wrong-token-of-twenty' });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.trim().split('\n')).toEqual([expect.stringMatching(/^DISCORD_TOKEN: /)]);
  }, 90_000);
});
