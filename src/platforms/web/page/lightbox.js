import { byId, el, icon } from './elements.js';
import { dayOf, schedulerName, timeOfDay } from './format.js';
import { pictureNumber, single } from './reply-buttons.js';

/** @typedef {import('../job-view.ts').JobView} JobView */

/**
 * One picture large, with its settings; arrow keys go to its siblings, Escape back.
 *
 * @param {{ press: import('./reply-buttons.js').Press, say: (sentence: string) => void }} actions
 */
export function createLightbox(actions) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('lightbox'));
  /** @type {JobView | null} */
  let job = null;
  let index = 0;

  /** @param {JobView} shown @param {number} at */
  function open(shown, at) {
    job = shown;
    index = at;
    render();
    if (!dialog.open) dialog.showModal();
  }

  /** @param {number} step */
  function go(step) {
    if (job === null) return;
    index = (index + step + job.pictures.length) % job.pictures.length;
    // All is made anew: the button that was pressed keeps the focus.
    const pressed = dialog.querySelector('.lightbox-stage button:focus')?.classList.contains('next');
    render();
    if (pressed !== undefined) focusOn(pressed ? '.next' : '.previous');
  }

  /** @param {string} selector */
  function focusOn(selector) {
    const target = dialog.querySelector(selector);
    if (target instanceof HTMLElement) target.focus();
  }

  function render() {
    const picture = job?.pictures[index];
    if (!job || !picture) return;
    const many = job.pictures.length > 1;
    const number = index + 1;
    dialog.replaceChildren(
      el(
        'div',
        { class: 'lightbox-stage' },
        many &&
          el(
            'button',
            { class: 'icon-button previous', type: 'button', 'aria-label': 'Previous picture', onclick: () => go(-1) },
            icon('left'),
          ),
        el('img', { src: picture.url, alt: picture.alt, width: picture.width, height: picture.height }),
        many &&
          el(
            'button',
            { class: 'icon-button next', type: 'button', 'aria-label': 'Next picture', onclick: () => go(1) },
            icon('right'),
          ),
        many && el('p', { class: 'lightbox-count', 'aria-live': 'polite' }, `${number} of ${job.pictures.length}`),
      ),
      el(
        'aside',
        { class: 'lightbox-side' },
        el(
          'button',
          { class: 'icon-button close', type: 'button', 'aria-label': 'Close', onclick: () => dialog.close() },
          icon('cancel'),
        ),
        el('h2', {}, job.request.prompt),
        settingsList(job, picture),
        el(
          'div',
          { class: 'actions' },
          el('a', { class: 'action primary', href: picture.download, download: '' }, icon('download'), 'Download'),
          el(
            'button',
            { class: 'action secondary', type: 'button', onclick: () => copySeed(picture.seed) },
            icon('copy'),
            'Copy seed',
          ),
          ...job.buttons
            .filter((button) => pictureNumber(button) === number)
            .map((button) => single(button, (pressed) => leave(pressed))),
        ),
      ),
    );
  }

  /** @param {import('./reply-buttons.js').ReplyButton} button */
  function leave(button) {
    dialog.close();
    actions.press(button);
  }

  /** @param {number} seed */
  function copySeed(seed) {
    navigator.clipboard.writeText(String(seed)).then(
      () => actions.say(`Seed ${seed} copied.`),
      () => actions.say(`This browser does not let the page copy. The seed is ${seed}.`),
    );
  }

  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') go(-1);
    else if (event.key === 'ArrowRight') go(1);
  });
  dialog.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target === dialog || target.classList.contains('lightbox-stage')) dialog.close();
  });

  return { open };
}

/** @param {JobView} job @param {JobView['pictures'][number]} picture */
function settingsList(job, picture) {
  const { request } = job;
  /** @type {[string, string][]} */
  const rows = [
    ['Seed', String(picture.seed)],
    ['Size', `${picture.width} × ${picture.height}`],
    ['Steps', job.resized ? 'resized, not redrawn' : String(request.steps)],
    ['Guidance', job.resized ? '' : String(request.guidanceScale)],
    ['Scheduler', job.resized ? '' : schedulerName(request.scheduler)],
    ['Style', request.style?.replaceAll('_', ' ') ?? ''],
    ['Without', request.negativePrompt],
    ['Strength', request.strength === null ? '' : String(request.strength)],
    ['Model', request.model],
    ['Drawn', `${dayOf(job.createdAt)}, ${timeOfDay(job.createdAt)}`],
  ];
  return el(
    'dl',
    { class: 'facts' },
    ...rows.filter(([, value]) => value !== '').flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}
