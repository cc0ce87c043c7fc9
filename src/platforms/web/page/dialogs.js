import { byId, el, icon } from './elements.js';
import { renderMarkdown } from './markdown.js';
import { words } from './words.js';

/** @typedef {import('../world-view.ts').WorldView} WorldView */
/** @typedef {import('./reply-buttons.js').ReplyButton} ReplyButton */

/**
 * Opens the form of a button, filled in; resolves to what was entered, or null.
 *
 * @param {ReplyButton} button
 * @param {WorldView} world
 * @returns {Promise<Record<string, string> | null>}
 */
export function askForm(button, world) {
  const command = world.commands.find(({ name }) => name === button.command);
  const fields = (button.form ?? []).map(({ option, value }) => {
    const declared = command?.options.find(({ name }) => name === option);
    return { option, declared, input: inputFor(declared, option, value) };
  });
  return show(
    button.label,
    fields.map(({ option, declared, input }) =>
      el(
        'label',
        { class: 'field' },
        el('span', { class: 'field-name' }, declared?.title ?? option),
        input,
        declared && el('span', { class: 'field-help' }, declared.description),
      ),
    ),
    { label: words.form.draw, style: 'primary' },
    // An emptied text is a wish (nothing to keep out); an emptied number is none.
    () =>
      Object.fromEntries(
        fields
          .filter(({ declared, input }) => input.value !== '' || declared?.type === 'text')
          .map(({ option, input }) => [option, input.value]),
      ),
  );
}

/**
 * @param {string} question
 * @param {string} explanation
 * @param {string} label of the button that does it
 * @returns {Promise<boolean>}
 */
export async function confirmDanger(question, explanation, label) {
  const answer = await show(question, [el('p', {}, explanation)], { label, style: 'danger' }, () => true);
  return answer === true;
}

/** @param {string} text Markdown; its first line is the heading */
export function showText(text) {
  const [heading = '', ...lines] = text.split('\n');
  const body = el('div', { class: 'text' }, ...renderMarkdown(lines.join('\n')));
  void show(heading.replaceAll('*', ''), [body], null, () => null);
}

/**
 * @template Answer
 * @param {string} title
 * @param {Node[]} content
 * @param {{ label: string, style: 'primary' | 'danger' } | null} go
 * @param {() => Answer} read
 * @returns {Promise<Answer | null>}
 */
function show(title, content, go, read) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('sheet'));
  const { promise, resolve } = Promise.withResolvers();
  /** @type {Answer | null} */
  let answer = null;
  const close = () => dialog.close();
  const form = el(
    'form',
    {
      method: 'dialog',
      onsubmit: () => {
        answer = read();
      },
    },
    el(
      'header',
      {},
      el('h2', { id: 'sheet-title' }, title),
      el(
        'button',
        { class: 'icon-button', type: 'button', 'aria-label': words.form.close, onclick: close },
        icon('cancel'),
      ),
    ),
    el('div', { class: 'sheet-body' }, ...content),
    el(
      'footer',
      {},
      el(
        'button',
        { class: 'action secondary', type: 'button', onclick: close },
        go === null ? words.form.close : words.form.leave,
      ),
      go && el('button', { class: `action ${go.style} solid`, type: 'submit' }, go.label),
    ),
  );
  dialog.replaceChildren(form);
  dialog.addEventListener('close', () => resolve(answer), { once: true });
  dialog.showModal();
  // The first field, not the cross; a phone's keyboard would cover the form.
  const field = dialog.querySelector('.field :is(input, textarea, select)');
  if (field instanceof HTMLElement && matchMedia('(pointer: fine)').matches) field.focus();
  return promise;
}

/** @param {import('../world-view.ts').OptionView | undefined} option @param {string} name @param {string} value */
function inputFor(option, name, value) {
  if (option?.type === 'choice') {
    const select = el(
      'select',
      { name },
      ...option.choices.map((choice) => el('option', { value: choice.value }, choice.label)),
    );
    if (!option.choices.some((choice) => choice.value === value))
      select.prepend(el('option', { value: '' }, words.form.noChoice));
    select.value = value;
    return select;
  }
  if (option?.type === 'integer' || option?.type === 'number') {
    const step = option.type === 'integer' ? '1' : 'any';
    return el('input', { name, type: 'number', min: String(option.min), max: String(option.max), step, value });
  }
  // Said in the form: an answer from the server would come after what was entered is gone.
  if (name === 'prompt') return el('textarea', { name, rows: 4, value, required: true });
  if (option?.multiline) return el('textarea', { name, rows: 4, value });
  return el('input', { name, type: 'text', value });
}
