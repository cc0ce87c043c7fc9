import { styles as knownStyles } from '../src/jobs/styles.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

/** Lists the looks that can be added to a prompt. */
export const styles = defineCommand({
  name: 'styles',
  description: 'See the styles that you can add to a prompt',
  surface: 'slash',
  options: [],
  async run({ requester }) {
    const { styles: say } = messagesFor(requester.locale);
    const entries = knownStyles.map(({ id, title, description }) => say.entry(title, id, description));
    return { kind: 'text', text: [...entries, '', say.intro].join('\n'), onlyForRequester: true };
  },
});
