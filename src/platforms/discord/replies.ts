import type { Reply } from '../../../commands/define-command.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { renderGallery } from './gallery.ts';
import { discordLimits } from './limits.ts';
import type { OutgoingMessage } from './outgoing.ts';
import type { ProgressBoard } from './progress-board.ts';
import { splitText } from './text.ts';

/** The ways in which something that was asked can be answered, in one place. */
export interface Answer {
  /** Show these to whoever asked, one message after the other; to nobody else where that can be. */
  tell(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Beside a job that was accepted. */
  note(text: string): Promise<void>;
  /** Take the message away that the button stands under. */
  removePressed(): Promise<void>;
}

export interface ReplyOptions {
  readonly answer: Answer;
  readonly jobs: Pick<Jobs, 'readPicture'>;
  readonly locale: string;
  readonly board: Pick<ProgressBoard, 'begin' | 'shown'>;
}

/** Shows what a command answered. */
export async function sendReply(reply: Reply, { answer, jobs, locale, board }: ReplyOptions): Promise<void> {
  switch (reply.kind) {
    case 'job':
      board.begin(reply.job, reply.standing);
      if (reply.notes.length === 0) return;
      // Discord puts the first follow-up in the place of an answer that is still "thinking".
      await board.shown(reply.job.id);
      for (const text of splitText(reply.notes.join('\n'), discordLimits.maxContentLength)) await answer.note(text);
      return;
    case 'text':
    case 'queue':
    case 'details':
      return answer.tell(textMessages(reply.text));
    case 'gallery':
      return answer.tell([await renderGallery(reply, jobs, locale)]);
    case 'deleted':
      await answer.removePressed();
      return answer.tell(textMessages(reply.text));
    default:
      return reply satisfies never;
  }
}

/** A text as messages that are each short enough. */
export function textMessages(text: string): readonly OutgoingMessage[] {
  return splitText(text, discordLimits.maxContentLength).map((content) => ({ content }));
}
