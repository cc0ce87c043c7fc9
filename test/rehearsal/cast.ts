import type { Stage } from './stage.ts';
import { discordVenue, slackVenue } from './venue.ts';

/** Who is there, and where they write. */
export function gatherCast(stage: Stage) {
  const { discord, slack } = stage;
  const maya = slack.addPerson('Maya');
  const jonas = slack.addPerson('Jonas');
  const seoyeon = slack.addPerson('Seoyeon', { locale: 'ko-KR' });
  return {
    discord: {
      venue: discordVenue(stage),
      channel: discord.channel,
      ana: discord.addPerson('Ana'),
      theo: discord.addPerson('Theo'),
      minjun: discord.addPerson('Minjun', { locale: 'ko' }),
    },
    slack: {
      venue: slackVenue(stage),
      channel: slack.addChannel('pictures', { members: [maya, jonas, seoyeon] }),
      maya,
      jonas,
      seoyeon,
    },
  };
}

export type Cast = ReturnType<typeof gatherCast>;
