import { z } from 'zod';
import { customId, entitySelects, stringSelect, textDisplay } from './component-form.ts';
import { componentOf, problem } from './parse-form.ts';

const id = z.int32().min(0).nullish();

const textInputFields = {
  type: z.literal(4),
  id,
  custom_id: customId,
  style: z.int().min(1).max(2),
  min_length: z.int().min(0).max(4000).nullish(),
  max_length: z.int().min(1).max(4000).nullish(),
  required: z.boolean().nullish(),
  value: z.string().max(4000).nullish(),
  placeholder: z.string().max(100).nullish(),
};
const textInput = z.object(textInputFields).superRefine((input, context) => {
  const length = input.value?.length ?? 0;
  if (length > 0 && (length < (input.min_length ?? 0) || length > (input.max_length ?? 4000)))
    context.addIssue(
      problem(
        'BASE_TYPE_BAD_LENGTH',
        `Must be between ${input.min_length ?? 0} and ${input.max_length ?? 4000} in length.`,
        ['value'],
      ),
    );
});
const labelledTextInput = z.object({ ...textInputFields, label: z.string().min(1).max(45) });

const fileUpload = z.object({
  type: z.literal(19),
  id,
  custom_id: customId,
  min_values: z.int().min(0).max(10).nullish(),
  max_values: z.int().min(1).max(10).nullish(),
  required: z.boolean().nullish(),
  file_types: z.array(z.string()).nullish(),
});

const choice = z.object({
  value: z.string().min(1).max(100),
  label: z.string().min(1).max(100),
  description: z.string().max(100).nullish(),
  default: z.boolean().nullish(),
});
const radioGroup = z.object({
  type: z.literal(21),
  id,
  custom_id: customId,
  options: z.array(choice).min(2).max(10),
  required: z.boolean().nullish(),
});
const checkboxGroup = z.object({
  type: z.literal(22),
  id,
  custom_id: customId,
  options: z.array(choice).min(1).max(10),
  min_values: z.int().min(0).max(10).nullish(),
  max_values: z.int().min(1).max(10).nullish(),
  required: z.boolean().nullish(),
});
const checkbox = z.object({ type: z.literal(23), id, custom_id: customId, default: z.boolean().nullish() });

const field = componentOf(
  [3, 4, 5, 6, 7, 8, 19, 21, 22, 23],
  [stringSelect, textInput, ...entitySelects, fileUpload, radioGroup, checkboxGroup, checkbox],
);
const label = z.object({
  type: z.literal(18),
  id,
  label: z.string().min(1).max(45),
  description: z.string().max(100).nullish(),
  component: field,
});
const inputRow = z.object({
  type: z.literal(1),
  id,
  components: z
    .array(componentOf([4], [labelledTextInput]))
    .min(1)
    .max(1),
});

/** What a modal may hold. */
export const modalForm = z
  .object({
    custom_id: customId,
    title: z.string().min(1).max(45),
    components: z
      .array(componentOf([1, 10, 18], [inputRow, textDisplay, label]))
      .min(1)
      .max(5),
  })
  .superRefine((modal, context) => {
    const ids = modalFields(modal).map((input) => input.custom_id);
    if (new Set(ids).size !== ids.length)
      context.addIssue(
        problem('COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated', ['components']),
      );
  });

export type ModalForm = z.infer<typeof modalForm>;
export type ModalField = z.infer<typeof field>;

/** The fields that a person fills in, whether they stand in a label or in a row. */
export function modalFields(modal: { readonly components: ModalForm['components'] }): ModalField[] {
  return modal.components.flatMap((component): ModalField[] => {
    if (component.type === 18) return [component.component];
    return component.type === 1 ? component.components : [];
  });
}
