/** @typedef {import('../job-view.ts').JobView} JobView */
/** @typedef {import('../job-view.ts').ProgressView} ProgressView */

const schedulers = /** @type {Record<string, string>} */ ({
  ddim: 'DDIM',
  dpmpp_2m: 'DPM++ 2M',
  unipc: 'UniPC',
  euler: 'Euler',
  euler_ancestral: 'Euler ancestral',
});

const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** @param {number} at */
export function timeOfDay(at) {
  return clockTime.format(at);
}

/** @param {number} at */
export function dayOf(at) {
  const today = new Date();
  const day = new Date(at);
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - day.setHours(0, 0, 0, 0)) / 86_400_000);
  if (days <= 0) return 'Today';
  return days === 1 ? 'Yesterday' : dayName.format(at);
}

/** @param {number | null} seconds */
export function timeLeft(seconds) {
  if (seconds === null) return '';
  if (seconds < 1.5) return 'about a second left';
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** @param {ProgressView | null} progress @param {JobView['state']} state */
export function progressLine(progress, state) {
  if (progress?.phase === 'retrying') return progress.sentence;
  if (progress?.phase === 'drawing') {
    return joined(['Drawing', `step ${progress.step} of ${progress.steps}`, timeLeft(progress.secondsLeft)]);
  }
  if (state === 'drawing') return joined(['Drawing', timeLeft(progress?.secondsLeft ?? null)]);
  if (progress === null) return 'Waiting';
  const place = progress.place <= 1 ? 'Next in line' : `Number ${progress.place} in line of ${progress.waiting}`;
  return joined([place, progress.paused ?? timeLeft(progress.secondsLeft)]);
}

/** @param {JobView['request']['scheduler']} scheduler */
export function schedulerName(scheduler) {
  return schedulers[scheduler] ?? scheduler;
}

/** The settings of a result in one line. @param {JobView} job */
export function settingsLine(job) {
  const { request } = job;
  return joined([
    request.style ? request.style.replaceAll('_', ' ') : '',
    `${request.size.width} × ${request.size.height}`,
    job.resized ? 'resized, not redrawn' : request.steps === 1 ? '1 step' : `${request.steps} steps`,
    job.resized ? '' : `guidance ${request.guidanceScale}`,
    job.resized ? '' : schedulerName(request.scheduler),
    request.strength === null ? '' : `strength ${request.strength}`,
    `seed ${request.seed}`,
    job.totalMs === null || job.totalMs < 50 ? '' : `${(job.totalMs / 1000).toFixed(1)} s`,
  ]);
}

/** What somebody did to get this job: the words before the prompt. @param {JobView} job */
export function actionName(job) {
  const index = job.request.derivedFrom?.index;
  const number = index === null || index === undefined ? '' : ` ${index + 1}`;
  switch (job.action) {
    case 'imagine':
      return '/imagine';
    case 'vary':
      return `Vary${number}`;
    case 'enlarge':
      return `Enlarge${number}`;
    case 'again':
      return 'Again';
    case 'edit':
      return 'Edit';
    default:
      return job.action;
  }
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${Math.ceil((bytes / 1_048_576) * 10) / 10} MiB`;
}

/** @param {readonly string[]} parts */
function joined(parts) {
  return parts.filter((part) => part !== '').join(' · ');
}
