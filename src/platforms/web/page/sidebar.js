import { byId, el } from './elements.js';

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
    banner.textContent = connected
      ? `${paused} Your messages are kept in line.`
      : 'Connection lost. Trying again; nothing you sent is lost.';
    facts.replaceChildren(
      ...fact('Waiting', String(status?.waiting ?? '–')),
      ...fact('Being drawn', String(status?.drawing ?? '–')),
      ...fact('Pictures so far', status ? status.delivered.toLocaleString() : '–'),
      ...fact('Engine', world.engine.name),
      ...fact(
        world.engine.models.length > 1 ? 'Models' : 'Model',
        world.engine.models.map(({ title }) => title).join(', '),
      ),
    );
  }

  /** @param {boolean} ready */
  function headline(ready) {
    const { status, connected } = store.state;
    if (!connected) return 'Connection lost';
    if (status === null) return 'Connecting…';
    if (!ready) return 'Drawing is paused';
    return status.drawing > 0 ? 'Drawing' : 'Ready';
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
