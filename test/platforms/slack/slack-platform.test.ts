import { encodePng } from '../../../src/images/png.ts';
import { describeChatPlatform } from '../chat-platform-contract.ts';
import { openSlack, wordsOf } from './open-slack.ts';

for (const mode of ['socket', 'http'] as const) {
  describeChatPlatform(`Slack by ${mode}`, 'slack', async () => {
    const world = await openSlack({ mode });
    const { slack, platform, pictures } = world;
    const { general } = slack;
    return {
      platform,
      // In the contract a person's id stands for the place where they are answered.
      userId: general.id,
      async keep(job) {
        const png = await encodePng({ width: 8, height: 8, data: new Uint8Array(192) });
        for (const { key } of job.drawing.pictures) await pictures.put(key, png);
      },
      async timesSeen(job) {
        const messages = slack.messages(general);
        const about = messages.filter(({ metadata }) => JSON.stringify(metadata ?? {}).includes(job.id));
        if (job.state === 'failed') return about.filter((one) => wordsOf(one).includes('The engine went away.')).length;
        if (job.state === 'cancelled') return about.filter((one) => wordsOf(one).includes('Cancelled.')).length;
        return messages.filter(({ files }) => files.length === 2).length;
      },
      dispose: world.close,
    };
  });
}
