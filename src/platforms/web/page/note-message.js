import { el } from './elements.js';
import { renderMarkdown } from './markdown.js';
import { message } from './message.js';
import { fill, words } from './words.js';

/** @typedef {import('./store.js').Note} Note */

/**
 * What somebody typed that is no job (yet), and the answer to it.
 *
 * @param {Note} note
 * @param {{ retry: (note: Note) => void, dismiss: (note: Note) => void, openJob: (id: string) => void }} actions
 */
export function renderNote(note, actions) {
  const [, command, rest] = /^(\/\S+)([\s\S]*)$/.exec(note.line) ?? [null, '', note.line];
  const asked = message(
    { author: 'you', at: note.at, label: note.line },
    el(
      'p',
      { class: `asked ${note.pending ? 'is-pending' : ''}` },
      command && el('span', { class: 'command' }, command),
      rest,
    ),
  );
  const node = el('section', { class: 'exchange' }, asked);
  if (note.answer === null) return node;
  const text = el('div', { class: `text ${note.failed ? 'is-error' : ''}` }, ...renderMarkdown(note.answer));
  const buttons = el('div', { class: 'actions' });
  if (note.failed) {
    buttons.append(
      el('button', { class: 'action primary', type: 'button', onclick: () => actions.retry(note) }, words.sendAgain),
    );
  }
  buttons.append(
    el('button', { class: 'action secondary', type: 'button', onclick: () => actions.dismiss(note) }, words.dismiss),
  );
  node.append(message({ author: 'quartet', at: note.at, label: note.answer }, text, ...strip(note, actions), buttons));
  return node;
}

/** The first picture of each job that the answer is about. @param {Note} note @param {{ openJob: (id: string) => void }} actions */
function strip({ shown = [] }, actions) {
  if (shown.length === 0) return [];
  const pictures = shown.map(({ id, thumbnail, prompt }) =>
    el(
      'button',
      {
        type: 'button',
        'aria-label': fill(words.openPicturesOf, { prompt }),
        title: prompt,
        onclick: () => actions.openJob(id),
      },
      // Deleted since: the answer is older than that.
      el('img', { src: thumbnail, alt: '', onerror: (/** @type {Event} */ event) => hideTile(event) }),
    ),
  );
  return [el('div', { class: 'strip' }, ...pictures)];
}

/** @param {Event} event */
function hideTile({ target }) {
  if (target instanceof HTMLElement && target.parentElement) target.parentElement.hidden = true;
}
