import type { Play } from '../evening.ts';
import type { FirstResults } from './opening.ts';

/** A form with other words in it is sent on both platforms; somebody changes their mind while they wait. */
export async function playCancel({ cast, requests, steps }: Play, { lighthouse, boats }: FirstResults) {
  const { theo } = cast.discord;
  const { maya, jonas, channel } = cast.slack;

  const edit = await requests.ask({
    venue: cast.discord.venue,
    who: 'Theo',
    what: 'presses Edit under the lighthouse and changes its prompt',
    act: async () =>
      theo.submitModal(await theo.press(lighthouse.message, 'Edit'), {
        prompt: 'a red lighthouse at night under the stars',
      }),
  });
  const whale = await requests.ask({
    venue: cast.slack.venue,
    who: 'Jonas',
    what: '/imagine a whale under the moon',
    act: () => jonas.slash(channel, '/imagine', `a whale under the moon steps:${steps}`),
  });
  const waiting = cast.slack.venue.jobs().find(({ job }) => job === whale.job);
  if (waiting === undefined) throw new Error('Expected Jonas’ drawing to wait, it is gone.');
  await jonas.press(waiting.message, 'Cancel');
  await requests.cancelled(whale);
  await requests.drawn(edit);

  const changed = await requests.ask({
    venue: cast.slack.venue,
    who: 'Maya',
    what: 'presses Edit under the boats and changes their prompt',
    async act() {
      await maya.press(boats.message, 'Edit');
      const form = await cast.slack.venue.until('the form', () => maya.modal());
      return maya.submits(form, { 'option:prompt': 'three white boats on a lake in autumn' });
    },
  });
  await requests.drawn(changed);
}
