import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';
import { findJob, resultOptions } from './result-options.ts';

/** Removes a result and its pictures; only for whoever asked for them. */
export const deleteResult = defineCommand({
  name: 'delete',
  text: ({ command }) => command.delete,
  surface: 'button',
  options: [resultOptions.job],
  async run({ requester }, options, { jobs }) {
    const messages = messagesFor(requester.locale);
    const job = await findJob(jobs, options.job, requester, messages);
    const outcome = await jobs.delete(job.id, requester);
    if (outcome === 'not_yours') return { kind: 'text', text: messages.delete.notYours, onlyForRequester: true };
    return { kind: 'deleted', job, text: messages.delete.done };
  },
});
