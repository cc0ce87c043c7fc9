import { byId } from './elements.js';
import { progressLine } from './format.js';
import { isEnded } from './store.js';
import { byCount, fill, words } from './words.js';

/**
 * Tells screen readers what happens to jobs: their place, the beginning, the half, the end; never every step.
 *
 * @param {import('./store.js').Store} store
 */
export function createAnnouncer(store) {
  const region = byId('announcer');
  /** @type {Map<string, string>} */
  const told = new Map();
  let isFirst = true;

  store.subscribe((topic) => {
    if (topic !== 'jobs') return;
    for (const job of store.jobs.values()) {
      const { progress } = job;
      const half = progress?.phase === 'drawing' && progress.step * 2 >= progress.steps;
      const place = progress?.phase === 'waiting' ? `${progress.place} ${progress.paused}` : '';
      const news = isEnded(job)
        ? job.state.replace('delivered', 'drawn')
        : `${job.state} ${progress?.phase} ${place} ${half}`;
      if (told.get(job.id) === news) continue;
      told.set(job.id, news);
      // What was there when the page opened is no news.
      if (isFirst && isEnded(job)) continue;
      say(sentence(job));
    }
    isFirst = false;
  });

  /** @param {string} text */
  function say(text) {
    region.textContent = text;
  }

  return { say };
}

/** @param {import('./store.js').JobView} job */
function sentence(job) {
  const { prompt } = job.request;
  if (job.pictures.length > 0) {
    const count = job.pictures.length;
    return fill(byCount(words.picturesReady, count), { count, prompt });
  }
  if (job.state === 'failed') return `${prompt}: ${job.failure ?? words.failed}`;
  if (job.state === 'cancelled') return fill(words.cancelledOne, { prompt });
  return `${prompt}: ${progressLine(job.progress, job.state)}`;
}
