import { keepFile } from '../attachments.ts';
import { type ModalField, type ModalForm, modalFields } from '../forms/modal-form.ts';
import type { Platform } from '../platform.ts';
import { renderAttachment } from '../render/message.ts';
import { type PickedFile, toUpload } from './command-data.ts';

/** What somebody puts into a field: text, picks, a tick, files. */
export type FieldValue = string | boolean | readonly string[] | readonly PickedFile[];

/** What Discord's app sends when a form is submitted; fields that are not named keep what they came with. */
export async function toModalData(platform: Platform, modal: ModalForm, values: Readonly<Record<string, FieldValue>>) {
  const known = modalFields(modal).map((field) => field.custom_id);
  const stranger = Object.keys(values).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Error(`Expected a field "${stranger}"; there are: ${known.join(', ')}.`);

  const attachments: Record<string, unknown> = {};
  const fill = async (field: ModalField): Promise<Record<string, unknown>> => {
    const shared = { type: field.type, id: field.id ?? 1, custom_id: field.custom_id };
    const value = values[field.custom_id];
    switch (field.type) {
      case 4: {
        const text = typeof value === 'string' ? value : (field.value ?? '');
        requireLength(field, text);
        return { ...shared, value: text };
      }
      case 19: {
        const files = (value ?? []) as readonly PickedFile[];
        const least = field.min_values ?? 1;
        if (field.required !== false && files.length < least)
          throw new Error(`Expected at least ${least} file in "${field.custom_id}".`);
        if (files.length > (field.max_values ?? 1))
          throw new Error(`Expected at most ${field.max_values ?? 1} file in "${field.custom_id}".`);
        const ids: string[] = [];
        for (const file of files) {
          const kept = await keepFile(platform, `ephemeral-attachments/${platform.application.id}`, toUpload(file));
          attachments[kept.id] = renderAttachment(platform, kept);
          ids.push(kept.id);
        }
        return { ...shared, values: ids };
      }
      case 21:
        return { ...shared, value: value ?? field.options.find((option) => option.default)?.value ?? null };
      case 23:
        return { ...shared, value: value ?? field.default ?? false };
      case 3:
      case 22:
        return {
          ...shared,
          values: value ?? field.options.filter((option) => option.default).map((option) => option.value),
        };
      default:
        return { ...shared, values: value ?? [] };
    }
  };
  const components: unknown[] = [];
  for (const component of modal.components) {
    if (component.type === 18)
      components.push({ type: 18, id: component.id ?? 1, component: await fill(component.component) });
    else if (component.type === 1)
      components.push({
        type: 1,
        id: component.id ?? 1,
        components: [await fill(component.components[0] as ModalField)],
      });
    else components.push({ type: 10, id: component.id ?? 1 });
  }
  return { custom_id: modal.custom_id, components, resolved: { attachments } };
}

function requireLength(field: ModalField & { readonly type: 4 }, text: string): void {
  const least = field.min_length ?? 0;
  const most = field.max_length ?? 4000;
  if (text === '' && field.required !== false)
    throw new Error(`Expected something in the required field "${field.custom_id}".`);
  if (text !== '' && text.length < least)
    throw new Error(`Expected at least ${least} characters in "${field.custom_id}".`);
  if (text.length > most) throw new Error(`Expected at most ${most} characters in "${field.custom_id}".`);
}
