import { z } from 'zod';
import { accessory, actionElement, anyText, image, imageFields, inputElement, plainText } from './block-elements.ts';

const block_id = z.string().min(1).max(255).optional();

const section = z
  .strictObject({
    type: z.literal('section'),
    block_id,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined, 'must have text or fields');

const imageBlock = z
  .strictObject({ type: z.literal('image'), block_id, title: plainText(2000).optional(), ...imageFields })
  .refine(
    ({ image_url, slack_file }) => (image_url === undefined) !== (slack_file === undefined),
    'must have either image_url or slack_file',
  );

const input = z.strictObject({
  type: z.literal('input'),
  block_id,
  label: plainText(2000),
  element: inputElement,
  hint: plainText(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
});

/** A block, with the limits of the platform's reference. */
export const block = z.discriminatedUnion('type', [
  section,
  imageBlock,
  input,
  z.strictObject({ type: z.literal('divider'), block_id }),
  z.strictObject({ type: z.literal('header'), block_id, text: plainText(150) }),
  z.strictObject({ type: z.literal('actions'), block_id, elements: z.array(actionElement).min(1).max(25) }),
  z.strictObject({
    type: z.literal('context'),
    block_id,
    elements: z
      .array(z.union([image, anyText(3000)]))
      .min(1)
      .max(10),
  }),
  z.strictObject({ type: z.literal('markdown'), block_id, text: z.string().min(1).max(12_000) }),
  z.looseObject({ type: z.literal('rich_text'), block_id, elements: z.array(z.looseObject({ type: z.string() })) }),
]);

export const messageBlocks = z.array(block).max(50);
const viewBlocks = z.array(block).max(100);

const viewFields = {
  blocks: viewBlocks,
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(255).optional(),
  external_id: z.string().max(255).optional(),
};

export const modal = z.strictObject({
  type: z.literal('modal'),
  title: plainText(24),
  close: plainText(24).optional(),
  submit: plainText(24).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  submit_disabled: z.boolean().optional(),
  ...viewFields,
});

export const homeTab = z.strictObject({ type: z.literal('home'), ...viewFields });
