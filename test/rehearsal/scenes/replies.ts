import type { Play } from '../evening.ts';
import { isOnGateway } from '../stage.ts';
import type { FirstResults } from './opening.ts';

/** A variation, an enlargement, and words alone that draw with a result's settings; both connections break meanwhile. */
export async function playReplies({ stage, cast, narrator, requests }: Play, { lighthouse, boats }: FirstResults) {
  const { ana, theo, channel } = cast.discord;
  const { maya, jonas } = cast.slack;
  const { discord, slack } = stage;

  const variation = await requests.ask({
    venue: cast.discord.venue,
    who: 'Ana',
    what: 'presses Vary 2 under the lighthouse',
    act: () => ana.press(lighthouse.message, 'Vary 2'),
  });
  const enlargement = await requests.ask({
    venue: cast.slack.venue,
    who: 'Maya',
    what: 'presses Enlarge 3 under the boats',
    pictures: 1,
    act: () => maya.press(boats.message, 'Enlarge 3'),
  });
  await requests.drawn(variation);
  await requests.drawn(enlargement);
  stage.pass(2);

  const reply = await requests.ask({
    venue: cast.discord.venue,
    who: 'Theo',
    what: 'replies to the lighthouse: a blue lighthouse in the snow',
    act: () => theo.says(channel, 'a blue lighthouse in the snow', { replyTo: lighthouse.message }),
  });
  const inThread = await requests.ask({
    venue: cast.slack.venue,
    who: 'Jonas',
    what: 'writes in the thread of the boats: @quartet two red boats at night',
    act: () => jonas.mentions(cast.slack.channel, 'two red boats at night', { thread: boats.shown }),
  });
  discord.gateway.drop();
  slack.sockets.drop();
  narrator.tell({ where: 'Discord', kind: 'trouble', text: 'cut the gateway’s connection in mid-drawing' });
  narrator.tell({ where: 'Slack', kind: 'trouble', text: 'cut the socket in mid-drawing' });
  await requests.drawn(reply);
  await requests.drawn(inThread);
  await cast.discord.venue.until('the gateway to be connected again', () => isOnGateway(discord));
  await cast.slack.venue.until('the socket to be connected again', () => slack.sockets.connections > 0);
}
