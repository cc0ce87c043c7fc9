import { styles as knownStyles } from '../src/jobs/styles.ts';
import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

/** Lists the looks that can be added to a prompt. */
export const styles = defineCommand({
  name: 'styles',
  text: ({ command }) => command.styles,
  surface: 'slash',
  options: [],
  async run({ requester }) {
    const { style, styles: say } = messagesFor(requester.locale);
    const entries = knownStyles.map(({ id }) => say.entry(style[id].title, id, style[id].description));
    return { kind: 'text', text: [...entries, '', say.intro].join('\n'), onlyForRequester: true };
  },
});
