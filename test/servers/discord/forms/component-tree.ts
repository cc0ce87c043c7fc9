import { z } from 'zod';
import { invalidForm } from '../refusal.ts';
import { type AnyComponent, type Component, layoutComponents, legacyComponents } from './component-form.ts';
import { parseForm } from './parse-form.ts';

/** A component with the path that leads to it, as in `components[0].items[1]`. */
export interface PlacedComponent {
  readonly component: AnyComponent;
  readonly path: readonly PropertyKey[];
}

/** A link to a file of the message, wherever it stands. */
export interface MediaReference {
  readonly url: string;
  readonly path: readonly PropertyKey[];
}

/** Every component, outer ones first. */
export function allComponents(
  components: readonly AnyComponent[],
  path: PropertyKey[] = ['components'],
): PlacedComponent[] {
  return components.flatMap((component, index) => {
    const here = [...path, index];
    const inner = 'components' in component ? allComponents(component.components, [...here, 'components']) : [];
    const beside = component.type === 9 ? [{ component: component.accessory, path: [...here, 'accessory'] }] : [];
    return [{ component, path: here }, ...inner, ...beside];
  });
}

/** Every picture and file that components show. */
export function mediaOf(components: readonly Component[]): MediaReference[] {
  return allComponents(components).flatMap(({ component, path }): MediaReference[] => {
    if (component.type === 12)
      return component.items.map((item, index) => ({
        url: item.media.url,
        path: [...path, 'items', index, 'media', 'url'],
      }));
    if (component.type === 11) return [{ url: component.media.url, path: [...path, 'media', 'url'] }];
    if (component.type === 13) return [{ url: component.file.url, path: [...path, 'file', 'url'] }];
    return [];
  });
}

/** What people read in components. */
export function textsOf(components: readonly Component[]): string[] {
  return allComponents(components).flatMap(({ component }) => (component.type === 10 ? [component.content] : []));
}

/** Check the components of a message against all that Discord asks of them. */
export function parseComponents(body: unknown, layout: boolean): Component[] {
  const schema: z.ZodType<Component[]> = layout ? layoutComponents : legacyComponents;
  const { components } = parseForm(z.object({ components: schema }), { components: body });
  const placed = allComponents(components);
  if (placed.length > 40)
    throw invalidForm([
      {
        path: ['components'],
        code: 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
        message: 'The total number of components in this message must be 40 or fewer.',
      },
    ]);
  const textLength = textsOf(components).reduce((sum, text) => sum + text.length, 0);
  if (textLength > 4000)
    throw invalidForm([
      {
        path: ['components'],
        code: 'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
        message: 'Total displayable text size of the message must be 4000 or fewer.',
      },
    ]);
  refuseDuplicates(placed);
  return components;
}

function refuseDuplicates(placed: readonly PlacedComponent[]): void {
  const seen = new Set<string>();
  for (const { component, path } of placed) {
    const customId = 'custom_id' in component ? component.custom_id : null;
    if (customId == null) continue;
    if (seen.has(customId))
      throw invalidForm([
        {
          path: [...path, 'custom_id'],
          code: 'COMPONENT_CUSTOM_ID_DUPLICATED',
          message: 'Component custom id cannot be duplicated',
        },
      ]);
    seen.add(customId);
  }
}
