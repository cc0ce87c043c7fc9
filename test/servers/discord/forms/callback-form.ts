import { z } from 'zod';
import { type Interaction, interactionTypes } from '../interaction.ts';
import { invalidForm } from '../refusal.ts';

export const callbackTypes = {
  pong: 1,
  message: 4,
  deferredMessage: 5,
  deferredUpdate: 6,
  update: 7,
  choices: 8,
  modal: 9,
} as const;

/** The outside of an answer to an interaction; `data` is checked by its type. */
export const callbackForm = z.object({ type: z.int(), data: z.unknown().optional() });

/** What autocomplete is answered with. */
export const choicesForm = z.object({
  choices: z
    .array(
      z.object({
        name: z.string().min(1).max(100),
        name_localizations: z.record(z.string(), z.string().nullable()).nullish(),
        value: z.union([z.string().max(100), z.number()]),
      }),
    )
    .max(25),
});

/** Refuse an answer of a kind that this interaction cannot have. */
export function requireFitting(interaction: Interaction, type: number): void {
  const { message, deferredMessage, deferredUpdate, update, choices, modal } = callbackTypes;
  const always = [message, deferredMessage] as const;
  const onMessage = interaction.source === null ? [] : [deferredUpdate, update];
  const fitting: readonly number[] =
    interaction.type === interactionTypes.autocomplete
      ? [choices]
      : interaction.type === interactionTypes.modal
        ? [...always, ...onMessage]
        : [...always, ...onMessage, modal];
  if (!fitting.includes(type))
    throw invalidForm([
      { path: ['type'], code: 'BASE_TYPE_CHOICES', message: `Value must be one of {${fitting.join(', ')}}.` },
    ]);
}
