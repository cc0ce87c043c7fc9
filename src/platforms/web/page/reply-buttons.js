import { el, icon } from './elements.js';

/** @typedef {import('../../../../commands/define-command.ts').ReplyButton} ReplyButton */
/** @typedef {(button: ReplyButton) => void} Press */

const icons = new Set(['vary', 'enlarge', 'again', 'edit', 'details', 'delete', 'cancel']);

/**
 * The buttons under a result: those of one command that differ by a number stand together ("Vary 1 2 3 4").
 *
 * @param {readonly ReplyButton[]} buttons
 * @param {Press} press
 */
export function renderButtons(buttons, press) {
  const groups = Map.groupBy(buttons, (button) => button.command);
  return el(
    'div',
    { class: 'actions' },
    ...[...groups.values()].map((group) => {
      const [first] = group;
      if (first === undefined) return null;
      return group.length === 1 ? single(first, press) : numbered(group, first, press);
    }),
  );
}

/** Which of a job's pictures the button is about, from 1; null where it is about all. @param {ReplyButton} button */
export function pictureNumber(button) {
  return Object.values(button.options).find((value) => typeof value === 'number') ?? null;
}

/** @param {ReplyButton} button @param {Press} press */
export function single(button, press) {
  return el(
    'button',
    { class: `action ${button.style}`, type: 'button', onclick: () => press(button) },
    icons.has(button.command) && icon(button.command),
    button.label,
  );
}

/** @param {ReplyButton[]} group @param {ReplyButton} first @param {Press} press */
function numbered(group, first, press) {
  const title = first.label.replace(/\s*\d+$/, '');
  return el(
    'div',
    { class: 'action-group', role: 'group', 'aria-label': title },
    el(
      'span',
      { class: 'action-title', 'aria-hidden': 'true' },
      icons.has(first.command) && icon(first.command),
      title,
    ),
    ...group.map((button) =>
      el(
        'button',
        {
          class: 'action number',
          type: 'button',
          'aria-label': button.label,
          title: button.label,
          onclick: () => press(button),
        },
        String(pictureNumber(button) ?? ''),
      ),
    ),
  );
}
