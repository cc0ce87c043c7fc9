import { fill, locale, number, words } from './words.js';

/** @typedef {import('../job-view.ts').JobView} JobView */
/** @typedef {import('../job-view.ts').ProgressView} ProgressView */

/** @param {'second' | 'minute'} unit */
const spanIn = (unit) =>
  new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 0 });
const inSeconds = spanIn('second');
const inMinutes = spanIn('minute');
const nearDay = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const clockTime = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const dayName = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });

/** @param {number} at */
export function timeOfDay(at) {
  return clockTime.format(at);
}

/** @param {number} at */
export function dayOf(at) {
  const today = new Date();
  const day = new Date(at);
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - day.setHours(0, 0, 0, 0)) / 86_400_000);
  return days > 1 ? dayName.format(at) : capitalised(nearDay.format(-Math.max(0, days), 'day'));
}

/** @param {number | null} seconds */
export function timeLeft(seconds) {
  if (seconds === null) return '';
  const time = seconds < 90 ? inSeconds.format(Math.max(1, seconds)) : inMinutes.format(seconds / 60);
  return fill(words.timeLeft, { time });
}

/** @param {ProgressView | null} progress @param {JobView['state']} state */
export function progressLine(progress, state) {
  if (progress?.phase === 'retrying') return progress.sentence;
  if (progress?.phase === 'drawing') {
    return joined([
      words.drawing,
      fill(words.step, { step: progress.step, steps: progress.steps }),
      timeLeft(progress.secondsLeft),
    ]);
  }
  if (state === 'drawing') return joined([words.drawing, timeLeft(progress?.secondsLeft ?? null)]);
  if (progress === null) return words.waiting;
  const place =
    progress.place <= 1 ? words.next : fill(words.place, { place: progress.place, waiting: progress.waiting });
  return joined([place, progress.paused ?? timeLeft(progress.secondsLeft)]);
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${number(Math.ceil((bytes / 1_048_576) * 10) / 10)} MiB`;
}

/** Pieces side by side; empty ones are left out. @param {readonly string[]} parts */
export function joined(parts) {
  return parts.filter((part) => part !== '').join(' · ');
}

/** @param {string} text */
function capitalised(text) {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}
