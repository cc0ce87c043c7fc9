import type { Job } from '../src/jobs/job.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { findJob, resultOptions } from './result-options.ts';

/** Cancels exactly one job, waiting or running: the one named, or one's own newest. */
export const cancel = defineCommand({
  name: 'cancel',
  text: ({ command }) => command.cancel,
  surface: 'slash',
  options: [{ ...resultOptions.job, text: ({ option }) => option.ownJob, required: false }],
  async run({ requester }, options, { jobs }) {
    const messages = messagesFor(requester.locale);
    const tell = (text: string) => ({ kind: 'text', text, onlyForRequester: true }) as const;
    const job =
      options.job === undefined
        ? newest((await jobs.overview(requester)).own.map((own) => own.job))
        : await findJob(jobs, options.job, requester, messages);
    if (job === null) return tell(messages.cancel.nothing);
    const before = await jobs.cancel(job.id, requester);
    switch (before) {
      case 'queued':
      case 'drawing':
        return tell(messages.cancel.done(job.request.prompt));
      case 'not_yours':
        return tell(messages.cancel.notYours);
      case 'not_found':
        return tell(messages.cancel.nothing);
      case 'drawn':
      case 'delivered':
      case 'cancelled':
      case 'failed':
        return tell(messages.cancel.tooLate(messages.state[before]));
      default:
        return before satisfies never;
    }
  },
});

function newest(jobs: readonly Job[]): Job | null {
  return jobs.reduce<Job | null>((best, job) => (best === null || job.createdAt > best.createdAt ? job : best), null);
}
