/**
 * Listens to the server and feeds the store. EventSource reconnects by itself, except after an answer that is no
 * stream (a proxy's error page, a server that is just starting): then a new one is opened.
 *
 * @param {import('./store.js').Store} store
 */
export function listen(store) {
  const source = new EventSource('/api/events');
  /** @param {string} name @param {(data: any) => void} act */
  const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on('snapshot', (data) => {
    store.setConnected(true);
    store.replace(data);
  });
  on('job', (job) => store.putJob(job));
  on('removed', ({ id }) => store.removeJob(id));
  on('status', (status) => store.putStatus(status));
  source.addEventListener('error', () => {
    store.setConnected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(store), 2_000);
  });
}
