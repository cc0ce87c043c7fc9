import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../commands/index.ts';
import { type ButtonIds, createButtonIds } from '../../src/platforms/button-id.ts';
import { renderSlackManifest } from '../../src/platforms/slack/manifest.ts';
import { type ServerProcess, startServer } from '../program/server-process.ts';
import { type DiscordServer, startDiscordServer } from '../servers/discord/start.ts';
import { type SlackServer, startSlackServer } from '../servers/slack/start-slack-server.ts';

const buttonSecret = 'for rehearsals only, and known to everybody';
const openingHour = 19;

export interface StageOptions {
  /** Folder of the pipeline that draws; the program's own default when left out. */
  readonly modelDir?: string;
}

/** Both platforms, and the bot beside them as a process of its own. */
export interface Stage {
  readonly discord: DiscordServer;
  readonly slack: SlackServer;
  /** Reads what the bot's buttons are for. */
  readonly ids: ButtonIds;
  readonly dataDir: string;
  /** Start the bot; resolves when it says that it is ready and both platforms are connected. */
  startBot(): Promise<void>;
  /** Gives what the bot logged. */
  endBot(signal: 'SIGTERM' | 'SIGKILL'): Promise<string>;
  /** Let quiet minutes pass on both platforms. */
  pass(minutes: number): void;
  /** Milliseconds since 1970 on both platforms' clocks. */
  now(): number;
  close(): Promise<void>;
}

/** Opens both platforms at seven in the evening, with a folder for the bot's data; the bot is started later. */
export async function openStage({ modelDir }: StageOptions = {}): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'quartet-rehearsal-'));
  const discord = await startDiscordServer();
  const slack = await startSlackServer({
    manifest: renderSlackManifest(commands, { publicUrl: null, installable: false }),
  });
  const advance = (ms: number) => {
    discord.clock.advance(ms);
    slack.state.clock.advance(ms);
  };
  advance(untilEvening());

  let bot: ServerProcess | null = null;
  const environment = {
    DATA_DIR: dataDir,
    BUTTON_SECRET: buttonSecret,
    DISCORD_TOKEN: discord.token,
    DISCORD_API_URL: discord.apiUrl,
    DISCORD_CDN_URL: discord.cdnUrl,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    ...(modelDir === undefined ? {} : { MODEL_DIR: modelDir }),
  };
  const endBot = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ending = bot;
    bot = null;
    await ending?.end(signal);
    return ending?.said() ?? '';
  };

  return {
    discord,
    slack,
    ids: createButtonIds(Buffer.from(buttonSecret)),
    dataDir,
    async startBot() {
      bot = await startServer(environment);
      await discord.waitFor('the bot on Discord’s gateway', () => isOnGateway(discord), 60_000);
      await slack.until('the bot on Slack’s socket', () => slack.sockets.connections > 0, 60_000);
    },
    endBot,
    pass: (minutes) => advance(minutes * 60_000),
    now: discord.clock.now,
    async close() {
      await endBot('SIGKILL');
      await discord.close();
      await slack.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Whether a session of the bot is connected and heard. */
export function isOnGateway({ gateway }: DiscordServer): boolean {
  return gateway.sessions.some(({ alive, connection }) => alive && connection !== null);
}

function untilEvening(): number {
  const opening = new Date();
  opening.setHours(openingHour, 0, 0, 0);
  const day = 86_400_000;
  return (opening.getTime() - Date.now() + day) % day;
}
