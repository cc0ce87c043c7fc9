/** @typedef {import('../job-view.ts').JobView} JobView */
/** @typedef {import('../job-view.ts').ProgressView} ProgressView */
/** @typedef {import('../snapshots.ts').StatusView} Status */
/** @typedef {import('../world-view.ts').WorldView} WorldView */

/**
 * A message that is no job: what somebody sent and the short answer to it. `pending` until the answer is there,
 * `failed` where it never came and may be sent again.
 *
 * @typedef {{ key: string, at: number, line: string, answer: string | null, pending: boolean, failed: boolean, shown?: { id: string, thumbnail: string, prompt: string }[] }} Note
 */

/** @typedef {'jobs' | 'notes' | 'status' | 'connection'} Topic */

const notesKey = 'quartet.notes';
const maxNotes = 40;

/** Everything the page shows, and who wants to know when it changes. */
export function createStore() {
  /** @type {Map<string, JobView>} */
  const jobs = new Map();
  /** @type {Map<string, Note>} */
  const notes = new Map(readNotes().map((note) => [note.key, note]));
  /** What was said about a job when it was accepted. @type {Map<string, readonly string[]>} */
  const remarks = new Map();
  /** @type {Set<(topic: Topic) => void>} */
  const listeners = new Set();
  const state = {
    hasMore: false,
    loaded: false,
    connected: true,
    status: /** @type {Status | null} */ (null),
  };

  /** @param {Topic} topic */
  const tell = (topic) => {
    for (const listener of listeners) listener(topic);
  };

  /** @param {JobView} job */
  const keep = (job) => {
    const known = jobs.get(job.id);
    // A snapshot read before an ending may arrive after it; an ended job never begins again.
    if (known && isEnded(known) && !isEnded(job)) return;
    jobs.set(job.id, job);
    if (notes.delete(job.key)) writeNotes(notes);
  };

  return {
    jobs,
    notes,
    remarks,
    state,
    /** @param {(topic: Topic) => void} listener */
    subscribe: (listener) => void listeners.add(listener),
    /** @param {JobView} job */
    putJob(job) {
      keep(job);
      tell('jobs');
    },
    /**
     * A job as the answer to a command has it: the stream may have told more of it meanwhile.
     *
     * @param {JobView} job
     * @param {readonly string[]} said
     */
    acceptJob(job, said) {
      if (said.length > 0) remarks.set(job.id, said);
      keep(jobs.get(job.id) ?? job);
      tell('jobs');
    },
    /** @param {{ jobs: JobView[], hasMore: boolean }} snapshot */
    replace(snapshot) {
      const oldest = snapshot.hasMore ? Math.min(...snapshot.jobs.map((job) => job.createdAt)) : 0;
      const present = new Set(snapshot.jobs.map((job) => job.id));
      for (const job of jobs.values()) if (job.createdAt >= oldest && !present.has(job.id)) jobs.delete(job.id);
      for (const job of snapshot.jobs) keep(job);
      if (!state.loaded || !snapshot.hasMore) state.hasMore = snapshot.hasMore;
      state.loaded = true;
      tell('jobs');
    },
    /** @param {{ jobs: JobView[], hasMore: boolean }} page */
    addOlder(page) {
      for (const job of page.jobs) keep(job);
      state.hasMore = page.hasMore;
      tell('jobs');
    },
    /** @param {string} id */
    removeJob(id) {
      if (jobs.delete(id)) tell('jobs');
    },
    /** @param {Status} status */
    putStatus(status) {
      state.status = status;
      for (const { id, progress } of status.own) {
        const job = jobs.get(id);
        // The place in line is only news for a job that is not being drawn step by step.
        if (job && !isEnded(job) && (job.progress?.phase ?? 'waiting') === 'waiting')
          jobs.set(id, { ...job, progress });
      }
      tell('status');
      if (status.own.length > 0) tell('jobs');
    },
    /** @param {boolean} connected */
    setConnected(connected) {
      if (state.connected === connected) return;
      state.connected = connected;
      tell('connection');
    },
    /** @param {Note} note */
    putNote(note) {
      notes.set(note.key, note);
      while (notes.size > maxNotes) notes.delete(/** @type {string} */ (notes.keys().next().value));
      writeNotes(notes);
      tell('notes');
    },
    /** @param {string} key */
    removeNote(key) {
      if (notes.delete(key)) {
        writeNotes(notes);
        tell('notes');
      }
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

/** @param {JobView} job */
export function isEnded(job) {
  return job.state !== 'queued' && job.state !== 'drawing';
}

/** @returns {Note[]} */
function readNotes() {
  try {
    const notes = JSON.parse(sessionStorage.getItem(notesKey) ?? '[]');
    // Whatever was on its way when the page went cannot be told from what was lost.
    return Array.isArray(notes) ? notes.filter((note) => !note.pending) : [];
  } catch {
    return [];
  }
}

/** @param {Map<string, Note>} notes */
function writeNotes(notes) {
  try {
    sessionStorage.setItem(notesKey, JSON.stringify([...notes.values()]));
  } catch {
    // Storage may be full or forbidden: the notes then live as long as the page.
  }
}
