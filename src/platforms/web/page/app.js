import { createAnnouncer } from './announcer.js';
import { ApiError, newKey, request, sendCommand } from './api.js';
import { createChannel } from './channel.js';
import { createComposer } from './composer.js';
import { askForm, confirmDanger, showText } from './dialogs.js';
import { byId } from './elements.js';
import { listen } from './events.js';
import { createGallery } from './gallery.js';
import { createLightbox } from './lightbox.js';
import { createNavigation } from './navigation.js';
import { createPainter } from './painter.js';
import { createSidebar } from './sidebar.js';
import { createStore } from './store.js';
import { createToast } from './toast.js';
import { renderWelcome } from './welcome.js';
import { words } from './words.js';

/** @typedef {import('./api.js').Ask} Ask */
/** @typedef {import('./attachment.js').Files} Files */
/** @typedef {import('./store.js').Note} Note */
/** @typedef {import('./reply-buttons.js').ReplyButton} ReplyButton */

/** @type {import('../world-view.ts').WorldView} */
const world = await loadWorld();
const store = createStore();
const announcer = createAnnouncer(store);
const toast = createToast(announcer.say);
/** What failed messages were, for sending them again. @type {Map<string, { ask: Ask, files: Files }>} */
const unsent = new Map();

const painter = createPainter();
const lightbox = createLightbox({ press, paint: canPaint, say: toast });
const channel = createChannel(store, {
  press,
  open: lightbox.open,
  openJob,
  retry: (note) => {
    const message = unsent.get(note.key) ?? { ask: { line: note.line }, files: {} };
    void send(note.key, note.line, message.ask, message.files);
  },
  dismiss: (note) => store.removeNote(note.key),
  loadOlder: () => void loadOlder(),
  welcome: () => renderWelcome(world, (prompt) => ask(`/${words.commandNames.imagine} ${prompt}`, {})),
});
const composer = createComposer(world, { send: ask, paint: painter.open, onProblem: toast });
const gallery = createGallery({ open: lightbox.open, onProblem: toast });
createNavigation({
  onGallery: () => gallery.refresh(),
  onHelp: () => ask(`/${words.commandNames.help}`, {}),
  onChannel: composer.focus,
});
const sidebar = createSidebar(world, store);
listen(store);
store.subscribe((topic) => {
  if (topic === 'status') void keepUpWithModels();
});
channel.render();

/** @param {string} line @param {Files} files */
function ask(line, files) {
  location.hash = '#playground';
  channel.toEnd();
  void send(newKey(), line, { line }, files);
}

/**
 * Shows the message at once and sends it; the same key again never makes a second job.
 *
 * @param {string} key
 * @param {string} line
 * @param {Ask} what
 * @param {Files} files
 */
async function send(key, line, what, files) {
  /** @type {Note} */
  const note = { key, at: Date.now(), line, answer: null, pending: true, failed: false };
  store.putNote(note);
  channel.toEnd();
  try {
    const reply = await sendCommand(key, what, files);
    unsent.delete(key);
    if (reply.kind === 'job') {
      store.removeNote(key);
      store.acceptJob(reply.job, reply.notes);
    } else {
      take(reply);
      store.putNote({ ...note, pending: false, answer: reply.text, shown: shownBy(reply) });
    }
  } catch (error) {
    unsent.set(key, { ask: what, files });
    const failed = error instanceof ApiError && error.offline;
    store.putNote({ ...note, pending: false, failed, answer: error instanceof Error ? error.message : String(error) });
  }
  channel.toEnd();
}

/**
 * What a button asks for: its answer is shown where it was pressed, not as a new message.
 *
 * @param {Ask} what
 * @param {Files} [files]
 */
async function run(what, files) {
  try {
    const reply = await sendCommand(newKey(), what, files);
    if (reply.kind === 'job') {
      store.acceptJob(reply.job, reply.notes);
      channel.toEnd('smooth');
    } else if (reply.kind === 'details') showText(reply.text);
    else toast(reply.text);
    take(reply);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  }
}

/** @param {import('./api.js').ReplyView} reply */
function take(reply) {
  if (reply.kind === 'deleted') store.removeJob(reply.id);
  if (reply.kind === 'gallery') for (const job of reply.jobs) store.putJob(job);
}

/** What stands small below an answer. @param {import('./api.js').ReplyView} reply @returns {NonNullable<Note['shown']>} */
function shownBy(reply) {
  if (reply.kind !== 'gallery') return [];
  return reply.jobs.flatMap(({ id, pictures: [first], request: { prompt } }) =>
    first === undefined ? [] : [{ id, thumbnail: first.thumbnail, prompt }],
  );
}

/** @param {string} id */
function openJob(id) {
  // After a reload only the newest jobs are known here; the gallery has them all.
  const job = store.jobs.get(id);
  if (job === undefined) location.hash = '#gallery';
  else lightbox.open(job, 0);
}

/** @param {ReplyButton} button */
async function press(button) {
  /** @type {Record<string, string | number>} */
  let options = { ...button.options };
  if (button.form !== undefined) {
    const entered = await askForm(button, world);
    if (entered === null) return;
    options = { ...options, ...entered };
  } else if (button.command === 'delete') {
    const sure = await confirmDanger(words.deleteQuestion, words.deleteWarning, words.delete);
    if (!sure) return;
  }
  await run({ command: button.command, options });
}

/**
 * The way to paint over a picture of this job; null where its model cannot draw a part anew.
 *
 * @param {import('../job-view.ts').JobView} job
 */
function canPaint(job) {
  const model = world.engine.models.find(({ id }) => id === job.request.model);
  return model?.canPaintWithin ? paintOver : null;
}

/** @param {import('../job-view.ts').JobView} job @param {import('../job-view.ts').PictureView} picture */
async function paintOver(job, picture) {
  const { prompt } = job.request;
  const painted = await painter.open({ url: picture.url, alt: picture.alt, prompt, go: words.form.draw });
  if (painted === null) return;
  const options = { job: job.id, picture: picture.number, prompt: painted.prompt };
  await run({ command: 'edit', options }, { mask: painted.mask });
}

async function loadOlder() {
  const oldest = Math.min(...[...store.jobs.values()].map((job) => job.createdAt));
  try {
    store.addOlder(await request(`/api/jobs?before=${oldest}`));
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error));
  }
}

/** New models appear on the engine, old ones go: what is offered here follows. */
async function keepUpWithModels() {
  const now = store.state.status?.models.join('\n');
  if (now === undefined || now === world.engine.models.map(({ id }) => id).join('\n')) return;
  Object.assign(world, await loadWorld());
  sidebar.render();
}

async function loadWorld() {
  for (;;) {
    try {
      return await request('/api/world');
    } catch {
      // The page may be open before the server is: its own banner says so until it answers.
      byId('banner').hidden = false;
      byId('banner').textContent = words.notReached;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
  }
}
