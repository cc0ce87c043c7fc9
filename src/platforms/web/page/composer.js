import { createAttachment } from './attachment.js';
import { apply, complete, suggestOption, unusedOptions } from './completion.js';
import { byId, el } from './elements.js';
import { createSuggestions } from './suggestions.js';
import { words } from './words.js';

/** @typedef {import('../world-view.ts').WorldView} WorldView */

/** Shown one tap away, in this order; the others complete while typing. */
const chipOrder = [
  'style',
  'size',
  'count',
  'seed',
  'steps',
  'speed',
  'negative',
  'lora_strength',
  'strength',
  'control_strength',
];

/**
 * Where people write. `/` completes commands, a few letters complete options; text without a slash is a prompt.
 *
 * @param {WorldView} world
 * @param {{ send: (line: string, files: Readonly<Record<string, File>>) => void, paint: Parameters<typeof createAttachment>[0]['paint'], onProblem: (sentence: string) => void }} actions
 */
export function createComposer(world, actions) {
  const form = /** @type {HTMLFormElement} */ (byId('composer'));
  const field = /** @type {HTMLTextAreaElement} */ (byId('line'));
  const chips = byId('chips');
  const sendButton = /** @type {HTMLButtonElement} */ (byId('send'));
  // Each time anew: models and sizes may change while the page is open.
  const commands = () => world.commands.filter(({ surface }) => surface === 'slash');
  const attachment = createAttachment({
    world,
    paint: actions.paint,
    onChange: refresh,
    onProblem: actions.onProblem,
  });
  const suggestions = createSuggestions(field, (completion, suggestion) => {
    if (suggestion.attach !== null) attachment.choose(suggestion.attach);
    const applied = apply(field.value, completion, suggestion);
    write(applied.text, applied.caret);
  });
  /** Sent lines, newest last, for the arrow keys. @type {string[]} */
  const sent = [];
  let recalled = 0;

  /** @param {string} text @param {number} caret */
  function write(text, caret) {
    field.value = text;
    field.focus();
    field.setSelectionRange(caret, caret);
    refresh();
  }

  function refresh() {
    field.style.height = 'auto';
    field.style.height = `${Math.min(field.scrollHeight, 168)}px`;
    const isEmpty = field.value.trim() === '';
    sendButton.disabled = isEmpty;
    suggestions.show(isEmpty ? null : complete(field.value, field.selectionStart, commands()));
    renderChips(isEmpty && Object.keys(attachment.files()).length === 0);
  }

  /** @param {boolean} hidden */
  function renderChips(hidden) {
    const unused = hidden ? [] : unusedOptions(field.value, commands());
    const shown = chipOrder
      .flatMap((name) => unused.filter((option) => option.name === name))
      .filter((option) => option.name !== 'strength' || attachment.has('image'))
      .filter((option) => option.name !== 'control_strength' || attachment.has('control'));
    chips.hidden = shown.length === 0;
    chips.replaceChildren(
      ...shown.map((option) =>
        el(
          'button',
          { type: 'button', class: 'chip', title: option.description, onclick: () => addOption(option) },
          `+ ${option.typed}`,
        ),
      ),
    );
  }

  /** @param {import('../world-view.ts').OptionView} option */
  function addOption(option) {
    const { insert, back } = suggestOption(option);
    const text = `${field.value.trimEnd()} ${insert}`.trimStart();
    write(text, text.length - back);
  }

  function send() {
    const typed = field.value.trim();
    if (typed === '') return;
    sent.push(typed);
    recalled = sent.length;
    const files = attachment.files();
    const line = `${typed}${attachment.options(typed)}`;
    attachment.clear();
    write('', 0);
    actions.send(line.startsWith('/') ? line : `/${words.commandNames.imagine} ${line}`, files);
  }

  /** Walks through what was sent, from an empty field or one that shows such a line. @param {number} step */
  function recall(step) {
    const line = sent[recalled + step];
    if (line === undefined && step < 0) return false;
    if (field.value !== '' && field.value !== sent[recalled]) return false;
    recalled = Math.min(sent.length, recalled + step);
    write(line ?? '', (line ?? '').length);
    suggestions.show(null);
    return true;
  }

  field.addEventListener('input', refresh);
  field.addEventListener('click', refresh);
  field.addEventListener('blur', () => suggestions.show(null));
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (suggestions.handleKey(event)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && recall(-1)) event.preventDefault();
    else if (event.key === 'ArrowDown' && recall(1)) event.preventDefault();
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') suggestions.show(null);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  refresh();

  return {
    focus: () => field.focus(),
    /** @param {string} text */
    fill: (text) => write(text, text.length),
  };
}
