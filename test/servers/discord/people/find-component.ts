import type { Button, Select } from '../forms/component-form.ts';
import { allComponents } from '../forms/component-tree.ts';
import type { Message } from '../world.ts';

function list(names: readonly string[]): string {
  return names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
}

/** The button that somebody means by its label or its custom id. */
export function findButton(message: Message, name: string): Button {
  const buttons = buttonsOf(message);
  const button = buttons.find((candidate) => candidate.custom_id === name || candidate.label === name);
  if (button === undefined)
    throw new Error(
      `Expected a button "${name}" under the message; ${list(buttons.map((one) => one.label ?? one.custom_id ?? ''))}.`,
    );
  if (button.disabled) throw new Error(`Expected the button "${name}" to be enabled.`);
  return button;
}

/** Every button of a message. */
export function buttonsOf(message: Message): Button[] {
  return allComponents(message.components).flatMap(({ component }) => (component.type === 2 ? [component] : []));
}

/** The menu with this custom id. */
export function findSelect(message: Message, customId: string): Select {
  const menus = allComponents(message.components).flatMap(({ component }) =>
    component.type === 3 || (component.type >= 5 && component.type <= 8) ? [component as Select] : [],
  );
  const menu = menus.find((candidate) => candidate.custom_id === customId);
  if (menu === undefined) throw new Error(`Expected a menu "${customId}"; ${list(menus.map((one) => one.custom_id))}.`);
  return menu;
}
