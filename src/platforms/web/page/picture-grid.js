import { el } from './elements.js';
import { fill, words } from './words.js';

/** @typedef {import('../job-view.ts').JobView} JobView */

/**
 * The tiles of a job: empty while it waits, previews that sharpen while it is drawn, then its pictures. Tiles stay
 * the same elements from the first preview to the picture, so nothing jumps.
 *
 * @param {(index: number) => void} onOpen
 */
export function createPictureGrid(onOpen) {
  const node = el('div', { class: 'grid' });
  /** @type {ReturnType<typeof createTile>[]} */
  let tiles = [];

  /** @param {JobView} job */
  function update(job) {
    const count = job.pictures.length + job.withheld || job.request.count;
    if (tiles.length !== count) {
      tiles = Array.from({ length: count }, (_, index) => createTile(index, onOpen));
      node.replaceChildren(...tiles.map((tile) => tile.node));
      node.dataset.count = String(count);
    }
    const { width, height } = job.pictures[0] ?? job.request.size;
    node.style.setProperty('--ratio', `${width} / ${height}`);
    node.style.setProperty('--columns', count === 1 ? '1' : '2');
    for (const tile of tiles) tile.update(job);
  }

  return { node, update };
}

/** @param {number} index @param {(index: number) => void} onOpen */
function createTile(index, onOpen) {
  const image = el('img', { alt: '', decoding: 'async' });
  const cover = el('span', { class: 'tile-cover', hidden: true }, words.withheld);
  let at = -1;
  const button = el('button', { class: 'tile', type: 'button', onclick: () => onOpen(at) }, image, cover);
  let shown = '';

  /** @param {string} source */
  function show(source) {
    if (source === shown) return;
    shown = source;
    if (source === '') image.removeAttribute('src');
    else image.src = source;
  }

  return {
    node: button,
    /** @param {JobView} job */
    update(job) {
      at = job.pictures.findIndex(({ number }) => number === index + 1);
      const picture = job.pictures[at];
      const isWithheld = picture === undefined && job.withheld > 0;
      cover.hidden = !isWithheld;
      const progress = job.progress?.phase === 'drawing' ? job.progress : null;
      const done = progress === null ? 0 : progress.step / progress.steps;
      button.disabled = picture === undefined;
      button.classList.toggle('is-done', picture !== undefined);
      button.classList.toggle('is-empty', picture === undefined && !isWithheld && !progress?.previews[index]);
      button.classList.toggle('is-still', job.state === 'cancelled' || job.state === 'failed');
      // A preview is an eighth of the picture: blurred less and less as it becomes clear.
      button.style.setProperty('--blur', picture ? '0px' : `${(12 * (1 - done) + 1.5).toFixed(1)}px`);
      show(picture ? picture.url : (progress?.previews[index] ?? ''));
      image.alt = picture ? picture.alt : '';
      if (picture) button.setAttribute('aria-label', fill(words.openPicture, { number: index + 1, alt: picture.alt }));
      else button.removeAttribute('aria-label');
    },
  };
}
