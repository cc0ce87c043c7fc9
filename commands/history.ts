import { messagesFor } from '../src/messages/messages.ts';
import { defineCommand } from './define-command.ts';

const pageLength = 10;
const maxPages = 50;

/** Shows one's own pictures, newest first. */
export const history = defineCommand({
  name: 'history',
  text: ({ command }) => command.history,
  surface: 'slash',
  options: [{ name: 'page', type: 'integer', text: ({ option }) => option.page, min: 1, max: maxPages }],
  async run({ requester }, { page = 1 }, { jobs }) {
    const { history: say } = messagesFor(requester.locale);
    // From the start each time: a cursor would skip one of two jobs of the same millisecond.
    const known = await jobs.history(requester, { limit: page * pageLength + 1 });
    const shown = known.slice((page - 1) * pageLength, page * pageLength);
    if (shown.length === 0) {
      return { kind: 'text', text: page === 1 ? say.empty : say.endReached(page), onlyForRequester: true };
    }
    const hasMore = known.length > page * pageLength && page < maxPages;
    return {
      kind: 'gallery',
      jobs: shown,
      text: hasMore ? `${say.title(page)}\n${say.more(page + 1)}` : say.title(page),
    };
  },
});
