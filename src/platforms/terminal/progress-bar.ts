import { describeRetry } from '../../../commands/describe-error.ts';
import type { Messages } from '../../messages/messages.ts';
import type { JobProgress } from '../chat-platform.ts';

const parts = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** How far a drawing is, in words. */
export function progressWords(progress: JobProgress, messages: Messages): string {
  if (progress.phase === 'retrying') return describeRetry(progress.failure, messages);
  if (progress.phase === 'waiting') return `number ${progress.place} of ${progress.waiting} in line`;
  const { step, steps, secondsLeft } = progress;
  const left = secondsLeft === null || step === steps ? '' : `, ${secondsLeft} s left`;
  return `step ${String(step).padStart(String(steps).length)} of ${steps}${left}`;
}

/** The same as one line with a bar before it, where it fits, at most `columns` wide. */
export function renderProgress(progress: JobProgress, columns: number, messages: Messages): string {
  const words = progressWords(progress, messages);
  const width = Math.min(40, columns - words.length - 3);
  if (progress.phase !== 'drawing' || width < 8) return clip(words, columns);
  return `▕${bar(progress.step / progress.steps, width)}▏ ${words}`;
}

function bar(done: number, width: number): string {
  const eighths = Math.round(done * width * 8);
  const full = Math.floor(eighths / 8);
  return `${'█'.repeat(full)}${parts[eighths % 8] ?? ''}`.padEnd(width, ' ');
}

function clip(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
