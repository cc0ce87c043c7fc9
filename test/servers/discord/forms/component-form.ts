import { z } from 'zod';
import { snowflake } from '../snowflake.ts';
import { componentOf, problem } from './parse-form.ts';

const id = z.int32().min(0).nullish();
export const customId = z.string().min(1).max(100);

const emoji = z
  .object({ id: snowflake.nullish(), name: z.string().nullish(), animated: z.boolean().nullish() })
  .superRefine((value, context) => {
    if (
      value.id == null &&
      (value.name == null || !/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(value.name))
    )
      context.addIssue(problem('BUTTON_COMPONENT_INVALID_EMOJI', 'Invalid emoji', ['name']));
  });

const button = z
  .object({
    type: z.literal(2),
    id,
    style: z.int().min(1).max(6),
    label: z.string().max(80).nullish(),
    emoji: emoji.nullish(),
    custom_id: customId.nullish(),
    url: z.string().max(512).nullish(),
    sku_id: snowflake.nullish(),
    disabled: z.boolean().nullish(),
  })
  .superRefine((value, context) => {
    const required = value.style === 5 ? 'url' : value.style === 6 ? 'sku_id' : 'custom_id';
    if (value[required] == null) context.addIssue(problem('BASE_TYPE_REQUIRED', 'This field is required', [required]));
    if (required !== 'custom_id' && value.custom_id != null)
      context.addIssue(
        problem('BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', 'A custom id and url cannot both be specified', [
          'custom_id',
        ]),
      );
    if (required === 'custom_id' && value.url != null)
      context.addIssue(
        problem('BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', 'A custom id and url cannot both be specified', [
          'url',
        ]),
      );
    if (value.style !== 6 && !value.label && value.emoji == null)
      context.addIssue(problem('BASE_TYPE_REQUIRED', 'A label or an emoji is required', ['label']));
  });

const selectOption = z.object({
  label: z.string().min(1).max(100),
  value: z.string().min(1).max(100),
  description: z.string().max(100).nullish(),
  emoji: emoji.nullish(),
  default: z.boolean().nullish(),
});

const selectFields = {
  id,
  custom_id: customId,
  placeholder: z.string().max(150).nullish(),
  min_values: z.int().min(0).max(25).nullish(),
  max_values: z.int().min(1).max(25).nullish(),
  disabled: z.boolean().nullish(),
  /** Only heeded in modals. */
  required: z.boolean().nullish(),
};

export const stringSelect = z
  .object({ type: z.literal(3), ...selectFields, options: z.array(selectOption).min(1).max(25) })
  .superRefine((value, context) => {
    const values = value.options.map((option) => option.value);
    values.forEach((option, index) => {
      if (values.indexOf(option) !== index)
        context.addIssue(
          problem('SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', 'The specified option value is already used', [
            'options',
            index,
            'value',
          ]),
        );
    });
    if ((value.min_values ?? 1) > (value.max_values ?? 1))
      context.addIssue(
        problem('SELECT_COMPONENT_INVALID_VALUES', 'min_values cannot exceed max_values', ['min_values']),
      );
    if ((value.max_values ?? 1) > value.options.length)
      context.addIssue(problem('BASE_TYPE_BAD_LENGTH', `Must be ${value.max_values} or more in length.`, ['options']));
  });

const entitySelect = <Type extends 5 | 6 | 7 | 8>(type: Type) =>
  z.object({
    type: z.literal(type),
    ...selectFields,
    channel_types: z.array(z.int()).nullish(),
    default_values: z
      .array(z.object({ id: snowflake, type: z.enum(['user', 'role', 'channel']) }))
      .max(25)
      .nullish(),
  });
export const entitySelects = [entitySelect(5), entitySelect(6), entitySelect(7), entitySelect(8)] as const;

const actionRow = z
  .object({
    type: z.literal(1),
    id,
    components: z
      .array(componentOf([2, 3, 5, 6, 7, 8], [button, stringSelect, ...entitySelects]))
      .min(1)
      .max(5),
  })
  .superRefine((value, context) => {
    if (value.components.length > 1 && value.components.some((component) => component.type !== 2))
      context.addIssue(
        problem('COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'The specified component exceeds the maximum width', ['components']),
      );
  });

const media = z.object({
  url: z
    .string()
    .max(2048)
    .regex(/^(attachment|https?):\/\/./),
});
const altText = z.string().max(1024).nullish();
const spoiler = z.boolean().nullish();

export const textDisplay = z.object({ type: z.literal(10), id, content: z.string().min(1).max(4000) });
const thumbnail = z.object({ type: z.literal(11), id, media, description: altText, spoiler });
const gallery = z.object({
  type: z.literal(12),
  id,
  items: z
    .array(z.object({ media, description: altText, spoiler }))
    .min(1)
    .max(10),
});
const file = z.object({
  type: z.literal(13),
  id,
  file: z.object({ url: z.string().regex(/^attachment:\/\/./) }),
  spoiler,
});
const separator = z.object({
  type: z.literal(14),
  id,
  divider: z.boolean().nullish(),
  spacing: z.union([z.literal(1), z.literal(2)]).nullish(),
});
const section = z.object({
  type: z.literal(9),
  id,
  components: z
    .array(componentOf([10], [textDisplay]))
    .min(1)
    .max(3),
  accessory: componentOf([2, 11], [button, thumbnail]),
});
const container = z.object({
  type: z.literal(17),
  id,
  accent_color: z.int().min(0).max(0xffffff).nullish(),
  spoiler,
  components: z
    .array(componentOf([1, 9, 10, 12, 13, 14], [actionRow, section, textDisplay, gallery, file, separator]))
    .min(1),
});

/** What a message without `IS_COMPONENTS_V2` may hold. */
export const legacyComponents = z.array(componentOf([1], [actionRow])).max(5);
/** What a message with `IS_COMPONENTS_V2` may hold. */
export const layoutComponents = z.array(
  componentOf([1, 9, 10, 12, 13, 14, 17], [actionRow, section, textDisplay, gallery, file, separator, container]),
);

export type Component = z.infer<typeof layoutComponents>[number];
export type Button = z.infer<typeof button>;
export type Select = z.infer<typeof stringSelect> | z.infer<(typeof entitySelects)[number]>;
/** Any component, however deep it sits. */
export type AnyComponent = Component | Button | Select | z.infer<typeof thumbnail>;
