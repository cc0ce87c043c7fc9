import { byId, el } from './elements.js';
import { renderMarkdown } from './markdown.js';

/**
 * Short notices in a corner that go away by themselves.
 *
 * @param {(text: string) => void} announce to screen readers
 * @returns {(text: string) => void}
 */
export function createToast(announce) {
  const shelf = byId('toasts');
  return (text) => {
    announce(text);
    const node = el('div', { class: 'toast' }, ...renderMarkdown(text));
    node.addEventListener('click', () => node.remove());
    shelf.append(node);
    // Shown anew each time: that lifts the notices above a dialog that was opened since.
    if (shelf.matches(':popover-open')) shelf.hidePopover();
    shelf.showPopover();
    while (shelf.childElementCount > 3) shelf.firstElementChild?.remove();
    setTimeout(() => node.remove(), 4_000 + 50 * text.length);
  };
}
