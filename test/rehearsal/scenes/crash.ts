import type { Play } from '../evening.ts';

/** The bot dies without a word while one job is drawn and another waits, and is started again. */
export async function playCrash({ stage, cast, narrator, requests, longSteps }: Play) {
  const { ana, channel } = cast.discord;
  const { jonas } = cast.slack;

  const castle = await requests.ask({
    venue: cast.discord.venue,
    who: 'Ana',
    what: '/imagine a castle on a hill under the stars',
    act: () => ana.slash(channel, 'imagine', { prompt: 'a castle on a hill under the stars', steps: longSteps }),
  });
  const cat = await requests.ask({
    venue: cast.slack.venue,
    who: 'Jonas',
    what: '/imagine a black cat in front of a house',
    act: () => jonas.slash(cast.slack.channel, '/imagine', 'a black cat in front of a house'),
  });
  const stateOf = (job: string) => cast.discord.venue.jobs().find((shown) => shown.job === job)?.state;
  await cast.discord.venue.until('the drawing to have begun', () => stateOf(castle.job) !== 'waiting');
  if (stateOf(castle.job) !== 'drawing')
    throw new Error('Expected to end the bot in mid-drawing, it had drawn already.');
  await stage.endBot('SIGKILL');
  narrator.tell({ where: null, kind: 'trouble', text: 'The bot was killed (-9) in mid-drawing and started again' });
  await stage.startBot();

  await requests.drawn(castle);
  await requests.drawn(cat);
}
