import { byId, el, icon } from './elements.js';
import { megabytes } from './format.js';
import { fill, words } from './words.js';

/**
 * The picture that goes along with the next message: chosen, pasted or dropped.
 *
 * @param {{ maxBytes: number, onChange: () => void, onProblem: (sentence: string) => void }} options
 */
export function createAttachment(options) {
  const tray = byId('attachment');
  const input = /** @type {HTMLInputElement} */ (byId('file'));
  const dropZone = byId('main');
  /** @type {{ file: File, url: string } | null} */
  let current = null;

  /** @param {File | null | undefined} file */
  function set(file) {
    if (current) URL.revokeObjectURL(current.url);
    current = null;
    if (file && !file.type.startsWith('image/')) {
      options.onProblem(fill(words.notAPicture, { name: file.name }));
    } else if (file && file.size > options.maxBytes) {
      options.onProblem(fill(words.tooLarge, { max: megabytes(options.maxBytes), size: megabytes(file.size) }));
    } else if (file) {
      current = { file, url: URL.createObjectURL(file) };
    }
    input.value = '';
    render();
    options.onChange();
  }

  function render() {
    tray.hidden = current === null;
    tray.replaceChildren();
    if (current === null) return;
    tray.append(
      el('img', { src: current.url, alt: words.startPicture }),
      el(
        'div',
        {},
        el('strong', {}, current.file.name),
        el('span', {}, fill(words.startFrom, { size: megabytes(current.file.size) })),
      ),
      el(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': words.removePicture, onclick: () => set(null) },
        icon('cancel'),
      ),
    );
  }

  byId('attach').addEventListener('click', () => input.click());
  input.addEventListener('change', () => set(input.files?.[0]));
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    set(file);
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
    set(event.dataTransfer.files[0]);
  });

  return {
    choose: () => input.click(),
    file: () => current?.file ?? null,
    clear: () => set(null),
  };
}
