import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

/** Shows how many wait, and where one's own drawings stand. */
export const queue = defineCommand({
  name: 'queue',
  text: ({ command }) => command.queue,
  surface: 'slash',
  options: [],
  async run({ requester }, _options, { jobs }) {
    const { queue: say, paused } = messagesFor(requester.locale);
    const overview = await jobs.overview(requester);
    const { drawing, waiting: inLine, pausedBecause } = overview;
    const lines = [
      ...(pausedBecause === null ? [] : [paused[pausedBecause]]),
      say.summary(drawing, inLine, pausedBecause !== null),
      ...overview.own.map(({ job, standing: { place, waiting, secondsLeft } }) =>
        say.own(job.id, job.request.prompt, say.place(place, waiting, secondsLeft)),
      ),
      ...(drawing + inLine > 0 && overview.own.length === 0 ? [say.nothingOwn] : []),
    ];
    return { kind: 'queue', overview, text: lines.join('\n') };
  },
});
