import type { Play } from '../evening.ts';

/** The first drawing on either platform, which both platforms make hard. */
export async function playOpening({ stage, cast, narrator, requests, steps }: Play) {
  const { ana, channel } = cast.discord;
  const { maya } = cast.slack;
  const { discord, slack } = stage;

  discord.misbehave({ on: 'PATCH /channels/:channel/messages/:message', answer: 429, retryAfterMs: 700 });
  // The pictures are there all the same: whoever shares them again shows them twice.
  slack.weather.expect({
    of: 'files.completeUploadExternal',
    trouble: { kind: 'status', status: 503 },
    afterWork: true,
  });
  const lighthouse = await requests.ask({
    venue: cast.discord.venue,
    who: 'Ana',
    what: '/imagine a red lighthouse at dusk',
    act: () => ana.slash(channel, 'imagine', { prompt: 'a red lighthouse at dusk', seed: 7, steps }),
  });
  const boats = await requests.ask({
    venue: cast.slack.venue,
    who: 'Maya',
    what: '/imagine two white boats on a lake style:watercolour',
    act: () =>
      maya.slash(cast.slack.channel, '/imagine', `two white boats on a lake style:watercolour seed:11 steps:${steps}`),
  });

  const shownLighthouse = await requests.drawn(lighthouse);
  const limited = discord.requests.filter(({ status }) => status === 429).length;
  if (limited === 0) throw new Error('Expected Discord to answer 429 on the way, it never did.');
  narrator.tell({ where: 'Discord', kind: 'trouble', text: 'answered an edit with 429; the bot waited as told' });

  const shownBoats = await requests.drawn(boats);
  const failed = slack.state.calls.filter(({ answer }) => answer === 'status 503').length;
  if (failed === 0) throw new Error('Expected Slack to answer 503 on the way, it never did.');
  narrator.tell({
    where: 'Slack',
    kind: 'trouble',
    text: 'answered 503 and showed the pictures all the same; the bot looked first',
  });
  return { lighthouse: shownLighthouse, boats: shownBoats };
}

export type FirstResults = Awaited<ReturnType<typeof playOpening>>;
