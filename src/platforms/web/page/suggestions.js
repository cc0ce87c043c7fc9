import { byId, el } from './elements.js';
import { fill, words } from './words.js';

/** @typedef {import('./completion.js').Completion} Completion */
/** @typedef {import('./completion.js').Suggestion} Suggestion */

/**
 * The list above the composer: a listbox that the text field controls (ARIA combobox).
 *
 * @param {HTMLTextAreaElement} field
 * @param {(completion: Completion, suggestion: Suggestion) => void} onPick
 */
export function createSuggestions(field, onPick) {
  const panel = byId('suggestions');
  /** @type {Completion | null} */
  let completion = null;
  let active = -1;

  /** @param {Completion | null} next */
  function show(next) {
    completion = next;
    active = next?.eager ? 0 : -1;
    panel.hidden = next === null;
    field.setAttribute('aria-expanded', String(next !== null));
    const options = (next?.items ?? []).map((item, index) =>
      el(
        'div',
        {
          id: `suggestion-${index}`,
          role: 'option',
          'aria-selected': 'false',
          // The field keeps the focus, also with a mouse.
          onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
          onclick: () => pick(index),
        },
        el('span', { class: 'suggestion-label' }, item.label),
        el('span', { class: 'suggestion-text' }, item.description),
      ),
    );
    byId('suggestion-title').textContent = next === null ? '' : titleOf(next);
    byId('suggestion-list').replaceChildren(...options);
    mark();
  }

  function mark() {
    const options = byId('suggestion-list').children;
    for (const [index, option] of [...options].entries())
      option.setAttribute('aria-selected', String(index === active));
    if (active < 0) field.removeAttribute('aria-activedescendant');
    else field.setAttribute('aria-activedescendant', `suggestion-${active}`);
    options[active]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} index */
  function pick(index) {
    const item = completion?.items[index];
    if (completion && item) onPick(completion, item);
  }

  /** Whether the key was for the list. @param {KeyboardEvent} event */
  function handleKey(event) {
    if (completion === null) return false;
    const count = completion.items.length;
    if (event.key === 'ArrowDown') active = (active + 1) % count;
    else if (event.key === 'ArrowUp') active = (active <= 0 ? count : active) - 1;
    else if (event.key === 'Escape') show(null);
    else if (event.key === 'Tab' && !event.shiftKey) pick(Math.max(active, 0));
    else if (event.key === 'Enter' && !event.shiftKey && active >= 0) pick(active);
    else return false;
    mark();
    return true;
  }

  return { show, handleKey };
}

/** @param {Completion} completion */
function titleOf({ kind, subject }) {
  if (kind === 'command') return words.commands;
  return kind === 'option' ? fill(words.optionsOf, { command: subject }) : subject;
}
