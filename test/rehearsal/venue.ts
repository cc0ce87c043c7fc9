import type { Message } from '../servers/discord/world.ts';
import type { SlackMessage } from '../servers/slack/world.ts';
import { jobsOnDiscord, jobsOnSlack, type ShownJob } from './shown-jobs.ts';
import type { Stage } from './stage.ts';

/** One platform, as far as asking and being answered go. */
export interface Venue<Place> {
  readonly name: 'Discord' | 'Slack';
  /** What the bot shows of its jobs now. */
  jobs(): ShownJob<Place>[];
  until<Found>(what: string, look: () => Found | null | undefined | false): Promise<Found>;
}

/** The machine may be busy with other things: only what never comes takes this long. */
const patienceMs = 300_000;

export function discordVenue({ discord, ids }: Stage): Venue<Message> {
  return {
    name: 'Discord',
    jobs: () => jobsOnDiscord(discord, ids),
    until: (what, look) => discord.waitFor(what, look, patienceMs),
  };
}

export function slackVenue({ slack, ids }: Stage): Venue<SlackMessage> {
  return {
    name: 'Slack',
    jobs: () => jobsOnSlack(slack, ids),
    until: (what, look) => slack.until(what, look, patienceMs),
  };
}
