import type { Play } from '../evening.ts';

/** People who read Korean ask, and both platforms tell the bot twice. */
export async function playDuplicates({ stage, cast, narrator, requests, steps }: Play) {
  const { minjun, channel } = cast.discord;
  const { seoyeon } = cast.slack;
  const { discord, slack } = stage;

  discord.gateway.duplicateNext('INTERACTION_CREATE');
  const balloon = await requests.ask({
    venue: cast.discord.venue,
    who: 'Minjun',
    what: '/imagine a yellow balloon over mountains',
    act: () => minjun.slash(channel, 'imagine', { prompt: 'a yellow balloon over mountains', seed: 3, steps }),
  });
  narrator.tell({ where: 'Discord', kind: 'trouble', text: 'sent Minjun’s command twice' });

  slack.weather.copiesOfEvents = 2;
  const windmill = await requests.ask({
    venue: cast.slack.venue,
    who: 'Seoyeon',
    what: '@quartet a windmill in a meadow with a rainbow',
    act: () => seoyeon.mentions(cast.slack.channel, 'a windmill in a meadow with a rainbow'),
  });
  slack.weather.copiesOfEvents = 1;
  narrator.tell({ where: 'Slack', kind: 'trouble', text: 'sent Seoyeon’s message twice, under two ids' });

  await requests.drawn(balloon);
  await requests.drawn(windmill);
}
