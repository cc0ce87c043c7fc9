import { randomBytes } from 'node:crypto';
import { flags } from './forms/message-form.ts';
import type { ModalForm } from './forms/modal-form.ts';
import type { Platform } from './platform.ts';
import { refusals } from './refusal.ts';
import type { Channel, Message, User } from './world.ts';

/** The first answer has to come within this time. */
export const answerWithinMs = 3_000;
/** A token is good for this long. */
export const tokenLifeMs = 15 * 60_000;

export const interactionTypes = { command: 2, component: 3, autocomplete: 4, modal: 5 } as const;

/** Something a person did that the bot has to answer. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly type: 2 | 3 | 4 | 5;
  readonly user: User;
  readonly channel: Channel;
  readonly at: number;
  readonly locale: string;
  readonly data: unknown;
  readonly attachmentBytes: number;
  /** The message whose button was pressed. */
  readonly source: Message | null;
  readonly commandName: string | null;
  /** Whether an answer is being worked on or given: a second one comes too late. */
  claimed: boolean;
  /** The callback type that it was answered with; null = not yet. */
  answered: number | null;
  /** The message that stands for `@original`. */
  original: Message | null;
  choices: readonly { readonly name: string; readonly value: string | number }[] | null;
  modal: ModalForm | null;
  readonly followUps: Message[];
}

export interface NewInteraction {
  readonly type: Interaction['type'];
  readonly user: User;
  readonly channel: Channel;
  readonly data: unknown;
  readonly source?: Message | null;
  readonly commandName?: string | null;
  readonly attachmentBytes: number;
}

/** Begin an interaction: from now on its three seconds run. */
export function openInteraction(platform: Platform, options: NewInteraction): Interaction {
  const interaction: Interaction = {
    id: platform.nextId(),
    token: randomBytes(64).toString('base64url'),
    source: null,
    commandName: null,
    ...options,
    at: platform.clock.now(),
    locale: options.user.locale,
    claimed: false,
    answered: null,
    original: null,
    choices: null,
    modal: null,
    followUps: [],
  };
  platform.interactions.set(interaction.id, interaction);
  return interaction;
}

/** Whether nobody answered in time. */
export function isOverdue(platform: Platform, interaction: Interaction): boolean {
  return interaction.answered === null && platform.clock.now() - interaction.at > answerWithinMs;
}

/** The interaction of a callback, which may be answered once and in time. */
export function interactionToAnswer(platform: Platform, id: string, token: string): Interaction {
  const interaction = platform.interactions.get(id);
  if (interaction === undefined || interaction.token !== token) throw refusals.unknownInteraction();
  if (interaction.claimed) throw refusals.alreadyAcknowledged();
  if (isOverdue(platform, interaction)) throw refusals.unknownInteraction();
  return interaction;
}

/** The interaction of a follow-up or an edit, whose token must still be good. */
export function interactionByToken(platform: Platform, applicationId: string, token: string): Interaction {
  if (applicationId !== platform.application.id) throw refusals.unknownWebhook();
  const interaction = [...platform.interactions.values()].find((candidate) => candidate.token === token);
  if (interaction === undefined) throw refusals.invalidWebhookToken();
  if (platform.clock.now() - interaction.at > tokenLifeMs) throw refusals.invalidWebhookToken();
  // Before an answer there is nothing that could be edited or followed.
  if (interaction.answered === null) throw refusals.unknownWebhook();
  return interaction;
}

/** Whether the answer is still the bare "is thinking". */
export function isThinking(interaction: Interaction): boolean {
  const { original } = interaction;
  return original !== null && !original.deleted && (original.flags & flags.loading) !== 0;
}
