import { describeRetry } from '../../../commands/describe-error.ts';
import type { Messages } from '../../messages/messages.ts';
import type { JobProgress } from '../chat-platform.ts';

const parts = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** How far a drawing is, in words. */
export function progressWords(progress: JobProgress, messages: Messages): string {
  if (progress.phase === 'retrying') return describeRetry(progress.failure, messages);
  const say = messages.progress;
  if (progress.phase === 'waiting') return say.place(progress.place, progress.waiting);
  const { step, steps, secondsLeft } = progress;
  const left = secondsLeft === null || step === steps ? '' : `, ${say.timeLeft(secondsLeft)}`;
  return `${say.step(step, steps)}${left}`;
}

/** The same as one line with a bar before it, where it fits, at most `columns` wide. */
export function renderProgress(progress: JobProgress, columns: number, messages: Messages): string {
  const words = progressWords(progress, messages);
  const width = Math.min(40, columns - columnsOf(words) - 3);
  if (progress.phase !== 'drawing' || width < 8) return clip(words, columns);
  return `▕${bar(progress.step / progress.steps, width)}▏ ${words}`;
}

function bar(done: number, width: number): string {
  const eighths = Math.round(done * width * 8);
  const full = Math.floor(eighths / 8);
  return `${'█'.repeat(full)}${parts[eighths % 8] ?? ''}`.padEnd(width, ' ');
}

function clip(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let clipped = '';
  for (const character of text) {
    if (columnsOf(clipped + character) > columns - 1) break;
    clipped += character;
  }
  return `${clipped}…`;
}

/** Terminals show Hangul and Han characters two columns wide. */
function columnsOf(text: string): number {
  return Array.from(text).length + (text.match(/[\p{sc=Hangul}\p{sc=Han}]/gu) ?? []).length;
}
