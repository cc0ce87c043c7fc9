import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

/** Deletes everything that is known about whoever asks, once they confirm. */
export const forgetMe = defineCommand({
  name: 'forget-me',
  text: ({ command }) => command.forgetMe,
  surface: 'slash',
  options: [{ name: 'confirm', type: 'boolean', text: ({ option }) => option.confirm }],
  async run({ requester }, options, { jobs }) {
    const { forget: say } = messagesFor(requester.locale);
    if (options.confirm !== true) return { kind: 'text', text: say.confirm, onlyForRequester: true };
    const gone = await jobs.forget(requester);
    return { kind: 'text', text: say.done(gone.jobs, gone.pictures), onlyForRequester: true };
  },
});
