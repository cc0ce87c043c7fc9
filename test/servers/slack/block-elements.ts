import { z } from 'zod';

const id = z.string().min(1).max(255);

export const plainText = (longest: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(longest),
    emoji: z.boolean().optional(),
  });

export const anyText = (longest: number) =>
  z.discriminatedUnion('type', [
    plainText(longest),
    z.strictObject({
      type: z.literal('mrkdwn'),
      text: z.string().min(1).max(longest),
      verbatim: z.boolean().optional(),
    }),
  ]);

const confirm = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(['primary', 'danger']).optional(),
});

const option = z.strictObject({
  text: anyText(75),
  value: z.string().max(150),
  description: anyText(75).optional(),
  url: z.string().max(3000).optional(),
});

const slackFile = z
  .strictObject({ id: z.string().optional(), url: z.string().optional() })
  .refine(({ id: fileId, url }) => (fileId === undefined) !== (url === undefined), 'must have either id or url');

/** What an image element and an image block have in common. */
export const imageFields = {
  image_url: z.string().max(3000).optional(),
  slack_file: slackFile.optional(),
  alt_text: z.string().min(1).max(2000),
};

export const image = z.strictObject({ type: z.literal('image'), ...imageFields });

const common = { action_id: id.optional(), confirm: confirm.optional(), focus_on_load: z.boolean().optional() };
const placeholder = plainText(150).optional();

const button = z.strictObject({
  type: z.literal('button'),
  action_id: id.optional(),
  text: plainText(75),
  value: z.string().max(2000).optional(),
  url: z.string().max(3000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: z.string().max(75).optional(),
  confirm: confirm.optional(),
});

const overflow = z.strictObject({ type: z.literal('overflow'), ...common, options: z.array(option).min(1).max(5) });

const group = z.strictObject({ label: plainText(75), options: z.array(option).min(1).max(100) });

const select = z.strictObject({
  type: z.literal('static_select'),
  ...common,
  placeholder,
  options: z.array(option).min(1).max(100).optional(),
  option_groups: z.array(group).min(1).max(100).optional(),
  initial_option: option.optional(),
});

const multiSelect = z.strictObject({
  type: z.literal('multi_static_select'),
  ...common,
  placeholder,
  options: z.array(option).min(1).max(100).optional(),
  option_groups: z.array(group).min(1).max(100).optional(),
  initial_options: z.array(option).min(1).optional(),
  max_selected_items: z.number().int().min(1).optional(),
});

/** Lists that the platform or the app fills. */
const filledSelect = <T extends string>(type: T) =>
  z.looseObject({ type: z.literal(type), ...common, placeholder, min_query_length: z.number().int().optional() });

const choices = <T extends string>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    ...common,
    options: z.array(option).min(1).max(10),
    initial_options: z.array(option).min(1).optional(),
    initial_option: option.optional(),
  });

const dispatch = z.looseObject({}).optional();

const textInput = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id: id.optional(),
  placeholder,
  initial_value: z.string().max(3000).optional(),
  multiline: z.boolean().optional(),
  min_length: z.number().int().min(0).max(3000).optional(),
  max_length: z.number().int().min(1).max(3000).optional(),
  dispatch_action_config: dispatch,
  focus_on_load: z.boolean().optional(),
});

const numberInput = z.strictObject({
  type: z.literal('number_input'),
  action_id: id.optional(),
  is_decimal_allowed: z.boolean(),
  initial_value: z.string().optional(),
  min_value: z.string().optional(),
  max_value: z.string().optional(),
  placeholder,
  dispatch_action_config: dispatch,
  focus_on_load: z.boolean().optional(),
});

const fileInput = z.strictObject({
  type: z.literal('file_input'),
  action_id: id.optional(),
  filetypes: z.array(z.string()).min(1).optional(),
  max_files: z.number().int().min(1).max(10).optional(),
});

const date = z.strictObject({
  type: z.literal('datepicker'),
  ...common,
  placeholder,
  initial_date: z.string().optional(),
});

const filled = [
  filledSelect('external_select'),
  filledSelect('users_select'),
  filledSelect('conversations_select'),
  filledSelect('channels_select'),
] as const;

/** What an actions block may hold. */
export const actionElement = z.discriminatedUnion('type', [
  button,
  overflow,
  select,
  ...filled,
  choices('checkboxes'),
  choices('radio_buttons'),
  date,
]);

/** What may stand beside a section's text. */
export const accessory = z.discriminatedUnion('type', [
  button,
  overflow,
  select,
  multiSelect,
  ...filled,
  choices('checkboxes'),
  choices('radio_buttons'),
  date,
  image,
]);

/** What people fill in. */
export const inputElement = z.discriminatedUnion('type', [
  textInput,
  numberInput,
  fileInput,
  select,
  multiSelect,
  ...filled,
  choices('checkboxes'),
  choices('radio_buttons'),
  date,
]);
