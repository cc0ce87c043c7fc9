import type { Play } from '../evening.ts';
import { acceptedJobs } from '../roll-call.ts';

/** The bot dies without a word while one job is drawn and another waits, and is started again. */
export async function playCrash({ stage, cast, narrator, requests, steps }: Play) {
  const { ana, channel } = cast.discord;
  const { jonas } = cast.slack;

  const cat = await requests.ask({
    venue: cast.slack.venue,
    who: 'Jonas',
    what: '/imagine a black cat in a meadow in the sunshine',
    act: () =>
      jonas.slash(cast.slack.channel, '/imagine', `a black cat in a meadow in the sunshine seed:2 steps:${steps}`),
  });
  const castle = await requests.ask({
    venue: cast.discord.venue,
    who: 'Ana',
    what: '/imagine a castle on a hill under the stars',
    act: () => ana.slash(channel, 'imagine', { prompt: 'a castle on a hill under the stars', seed: 4, steps }),
  });
  await stage.endBot('SIGKILL');
  narrator.tell({ where: null, kind: 'trouble', text: 'The bot was killed (-9) in mid-drawing and started again' });
  const states = (await acceptedJobs(stage.dataDir)).map(({ state }) => state);
  if (!states.includes('drawing')) throw new Error('Expected to end the bot in mid-drawing, it had drawn everything.');
  await stage.startBot();

  await requests.drawn(cat);
  await requests.drawn(castle);
}
