import { request } from './api.js';
import { byId, el } from './elements.js';
import { dayOf, joined } from './format.js';
import { fill, words } from './words.js';

/** @typedef {import('../job-view.ts').JobView} JobView */

/**
 * All one's past pictures with their settings, newest first, a page at a time.
 *
 * @param {{ open: (job: JobView, index: number) => void, onProblem: (sentence: string) => void }} actions
 */
export function createGallery(actions) {
  const cards = byId('gallery-cards');
  const more = /** @type {HTMLButtonElement} */ (byId('gallery-more'));
  const empty = byId('gallery-empty');
  /** @type {number | null} */
  let oldest = null;

  /** Answers to an earlier look at the gallery are of no use to this one. */
  let look = 0;

  async function load() {
    const mine = look;
    more.disabled = true;
    try {
      const before = oldest === null ? '' : `?before=${oldest}`;
      /** @type {{ jobs: JobView[], hasMore: boolean }} */
      const page = await request(`/api/history${before}`);
      if (mine !== look) return;
      cards.append(...page.jobs.map((job) => card(job, actions.open)));
      oldest = page.jobs.at(-1)?.createdAt ?? oldest;
      more.hidden = !page.hasMore;
      empty.hidden = cards.childElementCount > 0;
    } catch (error) {
      actions.onProblem(error instanceof Error ? error.message : String(error));
    } finally {
      if (mine === look) more.disabled = false;
    }
  }

  more.addEventListener('click', () => void load());
  return {
    /** Loads anew from the newest: pictures may have come or gone. */
    refresh() {
      look += 1;
      oldest = null;
      cards.replaceChildren();
      void load();
    },
  };
}

/** @param {JobView} job @param {(job: JobView, index: number) => void} open */
function card(job, open) {
  return el(
    'li',
    { class: 'card' },
    el(
      'div',
      { class: 'card-pictures', 'data-count': String(job.pictures.length) },
      ...(job.pictures.length === 0 ? [el('p', { class: 'card-withheld' }, words.withheld)] : []),
      ...job.pictures.map((picture, index) =>
        el(
          'button',
          {
            type: 'button',
            'aria-label': fill(words.openPicture, { number: picture.number, alt: picture.alt }),
            onclick: () => open(job, index),
          },
          el('img', { src: picture.thumbnail, alt: picture.alt, loading: 'lazy', decoding: 'async' }),
        ),
      ),
    ),
    el('p', { class: 'card-prompt' }, job.request.prompt),
    el('p', { class: 'settings' }, joined([dayOf(job.createdAt), ...job.settings])),
  );
}
