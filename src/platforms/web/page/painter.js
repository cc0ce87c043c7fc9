import { byId, el, icon } from './elements.js';
import { createMaskCanvas } from './mask-canvas.js';
import { words } from './words.js';

/**
 * What is painted over: a picture's address, and the prompt where there is to be a new one.
 *
 * @typedef {{ url: string, alt: string, prompt: string | null, go: string }} Subject
 */
/** @typedef {{ mask: File, prompt: string }} Painted */

/** Of the picture's shorter side. */
const brush = { min: 0.01, max: 0.4, start: 0.1, step: 0.01 };

/** The window in which people paint over a picture what is to be drawn anew, with a mouse, a pen or a finger. */
export function createPainter() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('painter'));
  let size = brush.start;

  /** @param {Subject} subject @returns {Promise<Painted | null>} */
  function open({ url, alt, prompt, go }) {
    const { promise, resolve } = Promise.withResolvers();
    /** @type {Painted | null} */
    let painted = null;
    let isErasing = false;
    const picture = el('img', { src: url, alt, draggable: false });
    const canvas = el('canvas', { 'aria-label': words.paintHere, role: 'img' });
    const cursor = el('div', { class: 'brush-cursor', 'aria-hidden': 'true' });
    const board = el('div', { class: 'painter-board' }, picture, canvas, cursor);
    const mask = createMaskCanvas(canvas);
    const slider = el('input', { type: 'range', ...brush, value: String(size), 'aria-label': words.brush });
    const eraser = el('button', { class: 'action secondary', type: 'button', 'aria-pressed': 'false' }, words.eraser);
    const undo = el('button', { class: 'action secondary', type: 'button' }, icon('undo'), words.undo);
    const clear = el('button', { class: 'action secondary', type: 'button' }, words.clear);
    const submit = el('button', { class: 'action primary solid', type: 'submit' }, go);
    const field =
      prompt === null
        ? null
        : el('textarea', { name: 'prompt', rows: 2, value: prompt, required: true, maxLength: 1900 });

    const refresh = () => {
      const isBlank = mask.isBlank();
      submit.disabled = isBlank;
      undo.disabled = mask.count() === 0;
      clear.disabled = mask.count() === 0;
    };

    /** @param {PointerEvent} event */
    const pointOf = (event) => {
      const box = canvas.getBoundingClientRect();
      return {
        x: ((event.clientX - box.left) / box.width) * canvas.width,
        y: ((event.clientY - box.top) / box.height) * canvas.height,
      };
    };
    const brushWidth = () => size * Math.min(canvas.width, canvas.height);

    /** @param {PointerEvent} event */
    const showCursor = (event) => {
      const box = canvas.getBoundingClientRect();
      const width = `${(brushWidth() / canvas.width) * box.width}px`;
      cursor.hidden = false;
      cursor.style.width = width;
      cursor.style.height = width;
      cursor.style.left = `${event.clientX - box.left}px`;
      cursor.style.top = `${event.clientY - box.top}px`;
    };

    picture.addEventListener('load', () => {
      mask.open(picture.naturalWidth, picture.naturalHeight);
      board.style.setProperty('--ratio', String(picture.naturalWidth / picture.naturalHeight));
      refresh();
    });
    canvas.addEventListener('pointerdown', (event) => {
      // The second finger would draw a line across.
      if (!event.isPrimary || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      mask.begin(pointOf(event), brushWidth(), isErasing);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerType !== 'touch') showCursor(event);
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      // All that happened since the last frame: a quick line stays round.
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length === 0 ? [event] : moves) mask.go(pointOf(move));
    });
    canvas.addEventListener('pointerup', refresh);
    canvas.addEventListener('pointercancel', refresh);
    canvas.addEventListener('pointerleave', () => {
      cursor.hidden = true;
    });
    slider.addEventListener('input', () => {
      size = Number(slider.value);
    });
    eraser.addEventListener('click', () => {
      isErasing = !isErasing;
      eraser.setAttribute('aria-pressed', String(isErasing));
    });
    undo.addEventListener('click', () => {
      mask.undo();
      refresh();
    });
    clear.addEventListener('click', () => {
      mask.clear();
      refresh();
    });

    const form = el(
      'form',
      { method: 'dialog' },
      el(
        'header',
        {},
        el('h2', { id: 'painter-title' }, words.painterTitle),
        el(
          'button',
          { class: 'icon-button', type: 'button', 'aria-label': words.form.close, onclick: () => dialog.close() },
          icon('cancel'),
        ),
      ),
      el('p', { class: 'painter-hint' }, words.painterHint),
      el('div', { class: 'painter-stage' }, board),
      el(
        'div',
        { class: 'painter-tools' },
        el('label', { class: 'brush-size' }, el('span', {}, words.brush), slider),
        eraser,
        undo,
        clear,
      ),
      field && el('label', { class: 'field' }, el('span', { class: 'field-name' }, words.paintPrompt), field),
      el(
        'footer',
        {},
        el('button', { class: 'action secondary', type: 'button', onclick: () => dialog.close() }, words.form.leave),
        submit,
      ),
    );
    form.addEventListener('submit', (event) => {
      // Making a file takes a moment, so the window is closed by hand.
      event.preventDefault();
      submit.disabled = true;
      void mask
        .toFile()
        .then((file) => {
          painted = { mask: file, prompt: field?.value.trim() ?? '' };
        })
        .finally(() => dialog.close());
    });
    form.addEventListener('keydown', (event) => {
      const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z';
      if (!isUndo || event.target === field) return;
      event.preventDefault();
      mask.undo();
      refresh();
    });
    cursor.hidden = true;
    submit.disabled = true;
    undo.disabled = true;
    clear.disabled = true;
    dialog.replaceChildren(form);
    dialog.addEventListener('close', () => resolve(painted), { once: true });
    dialog.showModal();
    slider.focus();
    return promise;
  }

  return { open };
}
