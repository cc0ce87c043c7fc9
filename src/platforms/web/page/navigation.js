import { byId } from './elements.js';
import { words } from './words.js';

/**
 * Channel or gallery, by the address's hash; on a narrow screen the side panel slides in.
 *
 * @param {{ onGallery: () => void, onHelp: () => void, onChannel: () => void }} actions
 */
export function createNavigation(actions) {
  const body = document.body;
  const menu = byId('menu');

  function show() {
    const isGallery = location.hash === '#gallery';
    byId('channel').hidden = isGallery;
    byId('gallery').hidden = !isGallery;
    byId('title').textContent = isGallery ? words.gallery : words.playground;
    byId('subtitle').textContent = isGallery ? words.galleryHint : words.onlyYou;
    byId('header-sign').textContent = isGallery ? '▦' : '#';
    for (const [id, current] of /** @type {const} */ ([
      ['nav-channel', !isGallery],
      ['nav-gallery', isGallery],
    ])) {
      if (current) byId(id).setAttribute('aria-current', 'page');
      else byId(id).removeAttribute('aria-current');
    }
    toggle(false);
    if (isGallery) actions.onGallery();
    else if (matchMedia('(pointer: fine)').matches) actions.onChannel();
  }

  /** @param {boolean} open */
  function toggle(open) {
    body.classList.toggle('is-menu-open', open);
    menu.setAttribute('aria-expanded', String(open));
    // The panel stands before the menu button: a keyboard would have to go backwards to reach it.
    if (open) byId('nav-channel').focus();
    else if (byId('side').contains(document.activeElement)) menu.focus();
  }

  menu.addEventListener('click', () => toggle(!body.classList.contains('is-menu-open')));
  byId('scrim').addEventListener('click', () => toggle(false));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') toggle(false);
  });
  byId('nav-help').addEventListener('click', () => {
    toggle(false);
    actions.onHelp();
  });
  addEventListener('hashchange', show);
  show();
}
