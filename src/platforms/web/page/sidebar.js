import { byId, el } from './elements.js';
import { byCount, fill, number, words } from './words.js';

/**
 * The panel that says what draws and how much waits.
 *
 * @param {import('../world-view.ts').WorldView} world
 * @param {import('./store.js').Store} store
 */
export function createSidebar(world, store) {
  const light = byId('status-light');
  const line = byId('status-line');
  const facts = byId('status-facts');
  const banner = byId('banner');

  function render() {
    const { status, connected } = store.state;
    const paused = status?.paused ?? null;
    const ready = connected && status !== null && paused === null;
    light.dataset.state = !connected || status === null ? 'away' : ready ? 'ready' : 'paused';
    line.textContent = headline(ready);
    banner.hidden = connected && paused === null;
    banner.className = `banner ${connected ? 'is-paused' : 'is-lost'}`;
    banner.textContent = connected ? fill(words.pausedBanner, { reason: paused ?? '' }) : words.lostBanner;
    facts.replaceChildren(
      ...fact(words.waitingCount, status ? number(status.waiting) : '–'),
      ...fact(words.drawingCount, status ? number(status.drawing) : '–'),
      ...fact(words.pictureCount, status ? number(status.delivered) : '–'),
      ...fact(words.engine, world.engine.name),
      ...fact(
        byCount(words.model, world.engine.models.length),
        world.engine.models.map(({ title }) => title).join(', '),
      ),
    );
  }

  /** @param {boolean} ready */
  function headline(ready) {
    const { status, connected } = store.state;
    if (!connected) return words.lost;
    if (status === null) return words.connecting;
    if (!ready) return words.isPaused;
    return status.drawing > 0 ? words.drawing : words.ready;
  }

  store.subscribe((topic) => {
    if (topic === 'status' || topic === 'connection') render();
  });
  render();
  return { render };
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return [el('dt', {}, name), el('dd', {}, value)];
}
