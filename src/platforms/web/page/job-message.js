import { el } from './elements.js';
import { joined, progressLine } from './format.js';
import { renderMarkdown } from './markdown.js';
import { message } from './message.js';
import { createPictureGrid } from './picture-grid.js';
import { renderButtons } from './reply-buttons.js';
import { isEnded } from './store.js';
import { fill, words } from './words.js';

/** @typedef {import('../job-view.ts').JobView} JobView */

/**
 * @typedef {object} JobActions
 * @property {import('./reply-buttons.js').Press} press
 * @property {(job: JobView, index: number) => void} open
 * @property {() => readonly string[]} remarks what was said about it when it was accepted
 */

/**
 * What somebody asked and what became of it: two messages that follow the job from its place in line to its pictures.
 *
 * @param {JobView} first
 * @param {JobActions} actions
 */
export function createJobMessage(first, actions) {
  let job = first;
  let phase = '';
  const grid = createPictureGrid((index) => actions.open(job, index));
  const headline = el('p', { class: 'job-status' });
  const bar = el(
    'div',
    { class: 'bar', role: 'progressbar', 'aria-label': words.drawing, 'aria-valuemin': '0' },
    el('span'),
  );
  const foot = el('div', { class: 'job-foot' });
  const body = el('div', { class: 'job' }, headline, bar, grid.node, foot);
  const reply = message(
    { author: 'quartet', at: job.createdAt, label: fill(words.picturesOf, { prompt: job.request.prompt }) },
    body,
  );
  const node = el('section', { class: 'exchange' }, asked(job), reply);

  /** @param {JobView} next */
  function update(next) {
    job = next;
    body.dataset.state = job.state;
    grid.update(job);
    // Nothing to look at before drawing begins, and many may wait.
    const isDrawn = job.pictures.length + job.withheld > 0;
    grid.node.hidden = job.state !== 'drawing' && !isDrawn;
    updateProgress();
    // Buttons are only made anew when the job enters another phase, so that focus stays where it is.
    const nextPhase = `${isEnded(job) ? job.state.replace('delivered', 'drawn') : 'unfinished'} ${job.pictures.length + job.withheld}`;
    if (nextPhase !== phase) {
      phase = nextPhase;
      renderFoot();
    }
  }

  function updateProgress() {
    const unfinished = !isEnded(job);
    headline.hidden = job.pictures.length + job.withheld > 0;
    bar.hidden = !unfinished;
    headline.className = `job-status ${job.state}`;
    if (job.state === 'failed') headline.textContent = job.failure ?? words.failed;
    else if (job.state === 'cancelled') headline.textContent = words.cancelled;
    else headline.textContent = progressLine(job.progress, job.state);
    const progress = job.progress?.phase === 'drawing' ? job.progress : null;
    bar.classList.toggle('is-waiting', progress === null);
    bar.setAttribute('aria-valuemax', String(progress?.steps ?? 1));
    bar.setAttribute('aria-valuenow', String(progress?.step ?? 0));
    bar.setAttribute('aria-valuetext', headline.textContent);
    bar.style.setProperty('--done', `${progress ? (100 * progress.step) / progress.steps : 0}%`);
  }

  function renderFoot() {
    const settings = job.pictures.length + job.withheld > 0 && el('p', { class: 'settings' }, joined(job.settings));
    foot.replaceChildren(
      ...remarks(job, actions.remarks()),
      ...(settings ? [settings] : []),
      renderButtons(job.buttons, actions.press),
    );
  }

  update(first);
  return { node, update };
}

/** @param {JobView} job */
function asked(job) {
  const text = el('p', { class: 'asked' }, el('span', { class: 'command' }, job.asked), ' ', job.request.prompt);
  if (job.request.negativePrompt !== '') {
    text.append(el('span', { class: 'negative' }, fill(words.without, { prompt: job.request.negativePrompt })));
  }
  return message({ author: 'you', at: job.createdAt, label: `${job.asked} ${job.request.prompt}` }, text);
}

/** @param {JobView} job @param {readonly string[]} said */
function remarks(job, said) {
  // What was said beforehand is said again, better, by the notes beside the pictures.
  const lines = job.notes.length > 0 ? job.notes : said;
  return lines.map((line) => el('p', { class: 'remark' }, ...renderMarkdown(line)));
}
