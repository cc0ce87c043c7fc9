import { el } from './elements.js';
import { timeOfDay } from './format.js';
import { words } from './words.js';

/**
 * One message of the channel: avatar, name, time, and whatever it says.
 *
 * @param {{ author: 'you' | 'quartet', at: number, label: string }} head
 * @param {...Node} body
 */
export function message(head, ...body) {
  const isBot = head.author === 'quartet';
  const name = isBot ? 'Quartet' : words.you;
  return el(
    'article',
    { class: `message ${isBot ? 'from-bot' : 'from-you'}`, 'aria-label': `${name}: ${head.label}` },
    isBot ? botAvatar() : el('div', { class: 'avatar you', 'aria-hidden': 'true' }, words.yourInitial),
    el(
      'div',
      { class: 'message-main' },
      el(
        'header',
        { class: 'message-head' },
        el('span', { class: 'message-name' }, name),
        isBot && el('span', { class: 'badge' }, words.bot),
        el('time', { dateTime: new Date(head.at).toISOString() }, timeOfDay(head.at)),
      ),
      ...body,
    ),
  );
}

/** Four tiles: the sign of Quartet. */
export function botAvatar() {
  return el('div', { class: 'avatar bot', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'), el('i'));
}
