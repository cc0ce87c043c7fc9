import { byId, el, icon } from './elements.js';
import { megabytes } from './format.js';
import { fill, words } from './words.js';

/** @typedef {import('../world-view.ts').WorldView} WorldView */
/** @typedef {Readonly<Record<string, File>>} Files by the option that each is for */
/** @typedef {'image' | 'mask' | 'control'} Role */
/** @typedef {{ file: File, url: string }} Kept */

/**
 * The pictures that go along with the next message, chosen, pasted or dropped: one to start from, a mask that was painted
 * over it, and one to follow.
 *
 * @param {object} options
 * @param {WorldView} options.world
 * @param {(subject: import('./painter.js').Subject) => Promise<import('./painter.js').Painted | null>} options.paint
 * @param {() => void} options.onChange
 * @param {(sentence: string) => void} options.onProblem
 */
export function createAttachment({ world, paint, onChange, onProblem }) {
  const tray = byId('attachment');
  const input = /** @type {HTMLInputElement} */ (byId('file'));
  const dropZone = byId('main');
  /** @type {Map<Role, Kept>} */
  const kept = new Map();
  /** The kind of the control picture; empty for the model's first. */
  let kind = '';
  /** What the next file that is chosen is for; null where that is to be guessed. @type {Role | null} */
  let wanted = null;

  /** Each time anew: models may change while the page is open. @param {string} name */
  const optionOf = (name) =>
    world.commands.find((command) => command.name === 'imagine')?.options.find((option) => option.name === name);
  const kinds = () => optionOf('control_kind')?.choices ?? [];

  /** @param {File | null | undefined} file */
  function add(file) {
    const role = wanted ?? (kept.has('image') && kinds().length > 0 ? 'control' : 'image');
    wanted = null;
    input.value = '';
    if (!file) return;
    if (!file.type.startsWith('image/')) onProblem(fill(words.notAPicture, { name: file.name }));
    else if (file.size > world.maxUploadBytes) {
      onProblem(fill(words.tooLarge, { max: megabytes(world.maxUploadBytes), size: megabytes(file.size) }));
    } else put(role, file);
  }

  /** @param {Role} role @param {File} file */
  function put(role, file) {
    drop(role);
    // Another picture has another place to paint.
    if (role === 'image') drop('mask');
    kept.set(role, { file, url: URL.createObjectURL(file) });
    changed();
  }

  /** @param {Role} role */
  function drop(role) {
    const before = kept.get(role);
    if (before) URL.revokeObjectURL(before.url);
    kept.delete(role);
  }

  /** @param {...Role} roles */
  function remove(...roles) {
    for (const role of roles) drop(role);
    changed();
  }

  function changed() {
    render();
    onChange();
  }

  /** @param {Kept} image */
  async function paintOver(image) {
    const painted = await paint({ url: image.url, alt: words.startPicture, prompt: null, go: words.useMask });
    // The picture may have been taken away meanwhile.
    if (painted !== null && kept.get('image') === image) put('mask', painted.mask);
  }

  /** What a picture is for, where it can be for more than one thing. @param {Role} role */
  function purpose(role) {
    if (kinds().length === 0) return null;
    const choices = [
      { value: 'image', label: words.purposeStart },
      ...kinds().map(({ value, label }) => ({ value, label: fill(words.purposeFollow, { kind: label }) })),
    ];
    const chosen = role === 'image' ? 'image' : kind || (kinds()[0]?.value ?? '');
    const select = el(
      'select',
      { 'aria-label': words.purpose },
      ...choices.map(({ value, label }) => el('option', { value, selected: value === chosen }, label)),
    );
    select.addEventListener('change', () => {
      const picture = kept.get(role);
      if (!picture) return;
      const next = select.value === 'image' ? 'image' : 'control';
      if (next === 'control') kind = select.value;
      if (next === role) return changed();
      const other = kept.get(next);
      kept.delete(role);
      drop('mask');
      kept.set(next, picture);
      if (other) kept.set(role, other);
      changed();
    });
    return select;
  }

  /** @param {Role} role @param {Kept} picture */
  function card(role, picture) {
    const mask = role === 'image' ? kept.get('mask') : undefined;
    const canPaint = role === 'image' && optionOf('mask') !== undefined;
    const size = { size: megabytes(picture.file.size) };
    const said = role === 'image' ? words.startFrom : role === 'control' ? words.follow : words.maskFile;
    return el(
      'div',
      { class: 'attached', 'data-role': role },
      el(
        'div',
        { class: 'attached-picture' },
        el('img', { src: picture.url, alt: role === 'image' ? words.startPicture : words.controlPicture }),
        mask && el('img', { class: 'attached-mask', src: mask.url, alt: words.maskPicture }),
      ),
      el(
        'div',
        { class: 'attached-words' },
        el('strong', {}, picture.file.name),
        purpose(role) ?? el('span', {}, fill(said, size)),
      ),
      canPaint &&
        el(
          'button',
          { type: 'button', class: 'action secondary', onclick: () => void paintOver(picture) },
          icon('paint'),
          mask ? words.paintAgain : words.paint,
        ),
      mask &&
        el(
          'button',
          { type: 'button', class: 'icon-button', 'aria-label': words.removeMask, onclick: () => remove('mask') },
          icon('undo'),
        ),
      el(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': words.removePicture,
          onclick: () => (role === 'image' ? remove('image', 'mask') : remove(role)),
        },
        icon('cancel'),
      ),
    );
  }

  function render() {
    const image = kept.get('image');
    const mask = kept.get('mask');
    const control = kept.get('control');
    tray.hidden = kept.size === 0;
    tray.replaceChildren(
      ...(image ? [card('image', image)] : []),
      // Without a picture it lies over nothing yet; the server says so if it stays like that.
      ...(mask && !image ? [card('mask', mask)] : []),
      ...(control ? [card('control', control)] : []),
    );
  }

  byId('attach').addEventListener('click', () => input.click());
  input.addEventListener('change', () => add(input.files?.[0]));
  input.addEventListener('cancel', () => {
    wanted = null;
  });
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    add(file);
  });
  dropZone.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    dropZone.classList.add('is-dropping');
  });
  dropZone.addEventListener('dragleave', (event) => {
    if (!dropZone.contains(/** @type {Node | null} */ (event.relatedTarget))) dropZone.classList.remove('is-dropping');
  });
  dropZone.addEventListener('drop', (event) => {
    dropZone.classList.remove('is-dropping');
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    add(event.dataTransfer.files[0]);
  });

  return {
    /** Asks for a file. @param {string} option what it is for */
    choose(option) {
      wanted = option === 'image' || option === 'mask' || option === 'control' ? option : null;
      input.click();
    },
    /** @param {Role} role */
    has: (role) => kept.has(role),
    /** @returns {Files} */
    files: () => Object.fromEntries([...kept].map(([role, { file }]) => [role, file])),
    /** What a line has to say besides, for the files to be taken as they are shown. @param {string} line */
    options(line) {
      const option = optionOf('control_kind');
      if (!kept.has('control') || kind === '' || option === undefined) return '';
      return line.includes(`${option.typed}:`) || line.includes('control_kind:') ? '' : ` ${option.typed}:${kind}`;
    },
    clear() {
      kind = '';
      remove('image', 'mask', 'control');
    },
  };
}
