import { byId, el, icon } from './elements.js';
import { dayOf, timeOfDay } from './format.js';
import { pictureNumber, single } from './reply-buttons.js';
import { fill, number, words } from './words.js';

/** @typedef {import('../job-view.ts').JobView} JobView */

/**
 * One picture large, with its settings; arrow keys go to its siblings, Escape back.
 *
 * @param {object} actions
 * @param {import('./reply-buttons.js').Press} actions.press
 * @param {(job: JobView) => ((job: JobView, picture: JobView['pictures'][number]) => void) | null} actions.paint null where its model cannot
 * @param {(sentence: string) => void} actions.say
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
    const { number } = picture;
    const paint = actions.paint(job);
    const shown = job;
    dialog.replaceChildren(
      el(
        'div',
        { class: 'lightbox-stage' },
        many &&
          el(
            'button',
            {
              class: 'icon-button previous',
              type: 'button',
              'aria-label': words.previousPicture,
              onclick: () => go(-1),
            },
            icon('left'),
          ),
        el('img', { src: picture.url, alt: picture.alt, width: picture.width, height: picture.height }),
        many &&
          el(
            'button',
            { class: 'icon-button next', type: 'button', 'aria-label': words.nextPicture, onclick: () => go(1) },
            icon('right'),
          ),
        many &&
          el(
            'p',
            { class: 'lightbox-count', 'aria-live': 'polite' },
            fill(words.numberOf, { number: index + 1, count: job.pictures.length }),
          ),
      ),
      el(
        'aside',
        { class: 'lightbox-side' },
        el(
          'button',
          { class: 'icon-button close', type: 'button', 'aria-label': words.form.close, onclick: () => dialog.close() },
          icon('cancel'),
        ),
        el('h2', {}, job.request.prompt),
        settingsList(job, picture),
        el(
          'div',
          { class: 'actions' },
          el('a', { class: 'action primary', href: picture.download, download: '' }, icon('download'), words.download),
          el(
            'button',
            { class: 'action secondary', type: 'button', onclick: () => copySeed(picture.seed) },
            icon('copy'),
            words.copySeed,
          ),
          paint &&
            el(
              'button',
              {
                class: 'action secondary',
                type: 'button',
                onclick: () => {
                  dialog.close();
                  paint(shown, picture);
                },
              },
              icon('paint'),
              words.paint,
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
      () => actions.say(fill(words.seedCopied, { seed: String(seed) })),
      () => actions.say(fill(words.cannotCopy, { seed: String(seed) })),
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
  const { request, resized } = job;
  const { option: called } = words;
  /** @type {[string, string][]} */
  const rows = [
    [called.seed.title, String(picture.seed)],
    [called.size.title, `${picture.width} × ${picture.height}`],
    [called.steps.title, resized ? words.resized : number(request.steps)],
    [called.guidance.title, resized ? '' : number(request.guidanceScale)],
    [called.scheduler.title, resized ? '' : words.scheduler[request.scheduler]],
    [called.style.title, request.style === null ? '' : titleOfStyle(request.style)],
    [called.negative.title, request.negativePrompt],
    [called.strength.title, request.strength === null ? '' : number(request.strength)],
    [called.loraStrength.title, request.loraScale === null ? '' : number(request.loraScale)],
    [called.speed.title, request.speed === 'exact' ? '' : words.speed[request.speed]],
    [called.model.title, request.model],
    [words.drawn, `${dayOf(job.createdAt)}, ${timeOfDay(job.createdAt)}`],
  ];
  return el(
    'dl',
    { class: 'facts' },
    ...rows.filter(([, value]) => value !== '').flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}

/** @param {string} id */
function titleOfStyle(id) {
  const known = Object.entries(words.style).find(([style]) => style === id);
  return known === undefined ? id : known[1].title;
}
