import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

/** Shows how many wait, and where one's own drawings stand. */
export const queue = defineCommand({
  name: 'queue',
  description: 'See the queue and your own place in it',
  surface: 'slash',
  options: [],
  async run({ requester }, _options, { jobs }) {
    const { queue: say } = messagesFor(requester.locale);
    const overview = await jobs.overview(requester);
    const isBusy = overview.waiting + overview.drawing > 0;
    const lines = [
      ...(overview.pausedBecause === null ? [] : [say.paused(overview.pausedBecause)]),
      say.summary(overview.drawing, overview.waiting),
      ...overview.own.map(({ job, standing: { place, waiting, secondsLeft } }) =>
        say.own(job.id, job.request.prompt, say.place(place, waiting, secondsLeft)),
      ),
      ...(isBusy && overview.own.length === 0 ? [say.nothingOwn] : []),
    ];
    return { kind: 'queue', overview, text: lines.join('\n') };
  },
});
