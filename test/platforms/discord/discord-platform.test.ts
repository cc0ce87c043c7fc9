import { encodePng } from '../../../src/images/png.ts';
import { jobsShownIn } from '../../../src/platforms/discord/existing-messages.ts';
import { startDiscordServer } from '../../servers/discord/start.ts';
import { messagesIn } from '../../servers/discord/world.ts';
import { describeChatPlatform } from '../chat-platform-contract.ts';
import { openBot } from './open-discord.ts';

describeChatPlatform('Discord', 'discord', async () => {
  const server = await startDiscordServer();
  const bot = await openBot(server, { start: false });
  return {
    platform: bot.platform,
    // A job of the contract asks and is answered in a channel of that name.
    userId: server.channel.id,
    async keep(job) {
      const data = new Uint8Array(64 * 64 * 3).fill(90);
      const png = await encodePng({ width: 64, height: 64, data });
      for (const { key } of job.drawing.pictures) await bot.pictures.put(key, png);
    },
    async timesSeen(job) {
      return messagesIn(server.world, server.channel).filter((message) =>
        // The server keeps components as they were sent.
        jobsShownIn(message as never, bot.ids).has(job.id),
      ).length;
    },
    async dispose() {
      await bot.close();
      await server.close();
    },
  };
});
