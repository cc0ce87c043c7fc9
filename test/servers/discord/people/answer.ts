import { textsOf } from '../forms/component-tree.ts';
import { flags } from '../forms/message-form.ts';
import type { ModalForm } from '../forms/modal-form.ts';
import { answerWithinMs, type Interaction, isOverdue, isThinking } from '../interaction.ts';
import type { Platform } from '../platform.ts';
import { waitFor } from '../waiting.ts';
import type { Message } from '../world.ts';

/**
 * What somebody sees after they did something:
 * `waiting` nothing yet, `failed` "The application did not respond", `thinking` "... is thinking", `shown` a message,
 * `modal` a form, `acknowledged` a pressed button that went back to normal.
 */
export type AnswerState = 'waiting' | 'failed' | 'thinking' | 'shown' | 'modal' | 'acknowledged';

/** The answer to one interaction, as the person who caused it sees it now. */
export interface Answer {
  readonly interaction: Interaction;
  readonly state: AnswerState;
  /** The answering message, also while it is thinking. */
  readonly message: Message | null;
  /** Whether only this person sees it. */
  readonly isPrivate: boolean;
  readonly text: string;
  readonly modal: ModalForm | null;
  readonly followUps: readonly Message[];
  /** Wait for the message itself, when it is no longer thinking. */
  shown(deadlineMs?: number): Promise<Message>;
  /** Wait for the n-th follow-up, from 0. */
  followUp(index?: number, deadlineMs?: number): Promise<Message>;
}

/** Look at an interaction as its person does. */
export function createAnswer(platform: Platform, interaction: Interaction): Answer {
  return {
    interaction,
    get state() {
      return stateOf(platform, interaction);
    },
    get message() {
      return interaction.original;
    },
    get isPrivate() {
      return ((interaction.original?.flags ?? 0) & flags.ephemeral) !== 0;
    },
    get text() {
      return interaction.original === null ? '' : textOf(interaction.original);
    },
    get modal() {
      return interaction.modal;
    },
    get followUps() {
      return interaction.followUps;
    },
    shown: (deadlineMs) =>
      waitFor(
        platform,
        'an answer that is shown',
        () => (stateOf(platform, interaction) === 'shown' ? interaction.original : null),
        deadlineMs,
      ),
    followUp: (index = 0, deadlineMs) =>
      waitFor(platform, `follow-up ${index}`, () => interaction.followUps[index], deadlineMs),
  };
}

function stateOf(platform: Platform, interaction: Interaction): AnswerState {
  if (interaction.answered === null) return isOverdue(platform, interaction) ? 'failed' : 'waiting';
  if (interaction.modal !== null) return 'modal';
  if (isThinking(interaction)) return 'thinking';
  if (interaction.original === null || interaction.original === interaction.source) return 'acknowledged';
  return 'shown';
}

/** Wait until the bot has answered, or its three seconds are over. */
export async function awaitAnswer(platform: Platform, interaction: Interaction): Promise<Answer> {
  const overdue = setTimeout(() => platform.changed(), answerWithinMs + 10);
  try {
    await waitFor(
      platform,
      'an answer or the end of its time',
      () => interaction.answered !== null || isOverdue(platform, interaction),
      answerWithinMs * 2,
    );
  } finally {
    clearTimeout(overdue);
  }
  return createAnswer(platform, interaction);
}

/** All that people read in a message. */
export function textOf(message: Message): string {
  return [message.content, ...textsOf(message.components)].filter((text) => text !== '').join('\n');
}
