import { byId, el } from './elements.js';
import { dayOf } from './format.js';
import { createJobMessage } from './job-message.js';
import { renderNote } from './note-message.js';

/** @typedef {import('./store.js').Store} Store */

/**
 * The list of messages, oldest first. It stays at its end while the reader is there, and says so when news came in
 * below.
 *
 * @param {Store} store
 * @param {Omit<import('./job-message.js').JobActions, 'remarks'> & Parameters<typeof renderNote>[1] & { loadOlder: () => void, welcome: () => Node }} actions
 */
export function createChannel(store, actions) {
  const scroller = byId('messages');
  const list = byId('message-list');
  const older = byId('older');
  const newest = byId('newest');
  /** @type {Map<string, { node: HTMLElement, at: number, source: unknown, update: ((source: any) => void) | null }>} */
  const entries = new Map();
  const welcome = actions.welcome();
  let atEnd = true;
  let lastTop = 0;

  older.addEventListener('click', actions.loadOlder);
  newest.addEventListener('click', () => toEnd('smooth'));
  scroller.addEventListener('scroll', () => {
    const isNear = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
    // What grows below moves the end away too: only a reader who goes up has left it.
    if (isNear) atEnd = true;
    else if (scroller.scrollTop < lastTop) atEnd = false;
    lastTop = scroller.scrollTop;
    if (atEnd) newest.hidden = true;
  });
  new ResizeObserver(() => atEnd && toEnd()).observe(list);
  new ResizeObserver(() => atEnd && toEnd()).observe(scroller);

  /** @param {ScrollBehavior} [behavior] */
  function toEnd(behavior = 'instant') {
    atEnd = true;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior });
  }

  function render() {
    let isNew = false;
    for (const job of store.jobs.values()) {
      const entry = entries.get(job.id);
      if (entry === undefined) {
        const { node, update } = createJobMessage(job, { ...actions, remarks: () => store.remarks.get(job.id) ?? [] });
        entries.set(job.id, { node, at: job.createdAt, source: job, update });
        isNew = true;
      } else if (entry.source !== job) {
        entry.source = job;
        entry.update?.(job);
      }
    }
    for (const note of store.notes.values()) {
      const entry = entries.get(note.key);
      if (entry?.source === note) continue;
      const node = renderNote(note, actions);
      entry?.node.replaceWith(node);
      entries.set(note.key, { node, at: note.at, source: note, update: null });
      isNew = true;
    }
    for (const [key, { node }] of entries) {
      if (store.jobs.has(key) || store.notes.has(key)) continue;
      node.remove();
      entries.delete(key);
      isNew = true;
    }
    if (isNew || list.childElementCount === 0) arrange();
    older.hidden = !store.state.hasMore;
  }

  /** Puts the messages in order without touching those that already stand right. */
  function arrange() {
    const wasAbove = scroller.scrollHeight - scroller.scrollTop;
    const wanted = wantedNodes();
    let next = list.firstChild;
    for (const node of wanted) {
      if (node === next) next = next.nextSibling;
      else list.insertBefore(node, next);
    }
    const keep = new Set(wanted);
    for (const node of Array.from(list.childNodes)) if (!keep.has(node)) node.remove();
    if (atEnd) toEnd();
    else if (scroller.scrollTop < 40) scroller.scrollTop = scroller.scrollHeight - wasAbove;
    else newest.hidden = false;
  }

  /** @returns {Node[]} */
  function wantedNodes() {
    const sorted = [...entries.values()].sort((left, right) => left.at - right.at);
    if (sorted.length === 0) return store.state.loaded ? [welcome] : [];
    /** @type {Node[]} */
    const nodes = [];
    let day = '';
    for (const entry of sorted) {
      const entryDay = dayOf(entry.at);
      if (entryDay !== day) nodes.push(dayLine(entryDay));
      day = entryDay;
      nodes.push(entry.node);
    }
    return nodes;
  }

  store.subscribe((topic) => {
    if (topic === 'jobs' || topic === 'notes') render();
  });
  return { render, toEnd };
}

/** @type {Map<string, HTMLElement>} */
const dayLines = new Map();

/** @param {string} day */
function dayLine(day) {
  const known = dayLines.get(day) ?? el('h2', { class: 'day' }, el('span', {}, day));
  dayLines.set(day, known);
  return known;
}
