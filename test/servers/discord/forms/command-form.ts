import { Locale } from 'discord.js';
import { z } from 'zod';
import { componentOf, problem } from './parse-form.ts';

const chatName = /^[-_'\p{L}\p{N}\p{Script=Devanagari}\p{Script=Thai}]{1,32}$/u;
const locales = Object.values(Locale) as [string, ...string[]];
const localized = <Schema extends z.ZodType>(schema: Schema) =>
  z.partialRecord(z.enum(locales), schema.nullable()).nullish();

const lowerCaseName = z
  .string()
  .min(1)
  .max(32)
  .superRefine((name, context) => {
    if (!chatName.test(name) || name !== name.toLowerCase())
      context.addIssue(problem('APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid'));
  });
const description = z.string().min(1).max(100);

const choice = z.object({
  name: z.string().min(1).max(100),
  name_localizations: localized(z.string().min(1).max(100)),
  value: z.union([z.string().max(100), z.number()]),
});

const optionFields = {
  name: lowerCaseName,
  name_localizations: localized(lowerCaseName),
  description,
  description_localizations: localized(description),
  required: z.boolean().nullish(),
  choices: z.array(choice).max(25).nullish(),
  autocomplete: z.boolean().nullish(),
  min_value: z.number().nullish(),
  max_value: z.number().nullish(),
  min_length: z.int().min(0).max(6000).nullish(),
  max_length: z.int().min(1).max(6000).nullish(),
  channel_types: z.array(z.int()).nullish(),
};

const valueOption = z
  .object({ type: z.literal([3, 4, 5, 6, 7, 8, 9, 10, 11]), ...optionFields })
  .superRefine((option, context) => {
    if (option.autocomplete && (option.choices?.length ?? 0) > 0)
      context.addIssue(
        problem('APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE', 'Options with choices cannot set autocomplete', [
          'autocomplete',
        ]),
      );
    if (option.autocomplete && ![3, 4, 10].includes(option.type))
      context.addIssue(
        problem('APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE', 'Autocomplete is not available for this option type', [
          'autocomplete',
        ]),
      );
    const names = (option.choices ?? []).map((item) => item.name);
    if (new Set(names).size !== names.length)
      context.addIssue(
        problem('APPLICATION_COMMAND_OPTIONS_CHOICE_NAMES_ALREADY_USED', 'The choice name is already used', [
          'choices',
        ]),
      );
    for (const [index, item] of (option.choices ?? []).entries()) {
      if (typeof item.value !== (option.type === 3 ? 'string' : 'number'))
        context.addIssue(
          problem('BASE_TYPE_CHOICES', 'Could not interpret the value of the choice', ['choices', index, 'value']),
        );
    }
  });

const options = <Schema extends z.ZodType<{ name: string; required?: boolean | null | undefined }>>(schema: Schema) =>
  z
    .array(schema)
    .max(25)
    .superRefine((list, context) => {
      const names = list.map((option) => option.name);
      for (const [index, name] of names.entries()) {
        if (names.indexOf(name) !== index)
          context.addIssue(
            problem('APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_USED', 'Option name must be unique', [index, 'name']),
          );
      }
      const firstOptional = list.findIndex((option) => option.required !== true);
      const late = list.findLastIndex((option) => option.required === true);
      if (firstOptional !== -1 && late > firstOptional)
        context.addIssue(
          problem(
            'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
            'Required options must be placed before non-required options',
            [late],
          ),
        );
    })
    .nullish();

const subcommand = z.object({ type: z.literal(1), ...optionFields, options: options(valueOption) });
const group = z.object({ type: z.literal(2), ...optionFields, options: options(subcommand) });

/** A command of an app: slash command (1), user command (2) or message command (3). */
export const commandForm = z
  .object({
    id: z.string().nullish(),
    type: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(1),
    name: z.string().min(1).max(32),
    name_localizations: localized(z.string().min(1).max(32)),
    description: z.string().max(100).nullish(),
    description_localizations: localized(z.string().min(1).max(100)),
    options: options(componentOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [group, subcommand, valueOption])),
    default_member_permissions: z.string().regex(/^\d+$/).nullish(),
    dm_permission: z.boolean().nullish(),
    nsfw: z.boolean().nullish(),
    integration_types: z
      .array(z.union([z.literal(0), z.literal(1)]))
      .min(1)
      .nullish(),
    contexts: z
      .array(z.union([z.literal(0), z.literal(1), z.literal(2)]))
      .min(1)
      .nullish(),
  })
  .superRefine((command, context) => {
    if (command.type === 1) {
      const names = [['name', command.name], ...Object.entries(command.name_localizations ?? {})] as [
        string,
        string | null,
      ][];
      for (const [place, name] of names) {
        if (name !== null && !lowerCaseName.safeParse(name).success)
          context.addIssue(
            problem(
              'APPLICATION_COMMAND_INVALID_NAME',
              'Command name is invalid',
              place === 'name' ? ['name'] : ['name_localizations', place],
            ),
          );
      }
      if (!command.description)
        context.addIssue(problem('BASE_TYPE_REQUIRED', 'This field is required', ['description']));
      const kinds = new Set((command.options ?? []).map((option) => option.type <= 2));
      if (kinds.size > 1)
        context.addIssue(
          problem(
            'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
            'Sub-command and sub-command group option types are mutually exclusive to all other types',
            ['options'],
          ),
        );
    } else {
      if (command.description)
        context.addIssue(
          problem('APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED', 'Context menu commands cannot have description', [
            'description',
          ]),
        );
      if (command.options?.length)
        context.addIssue(
          problem('APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED', 'Context menu commands cannot have options', ['options']),
        );
    }
    if (command.type !== 1 || commandSize(command) <= 8000) return;
    context.addIssue(problem('APPLICATION_COMMAND_TOO_LARGE', 'Command exceeds maximum size (8000)'));
  });

export type CommandForm = z.infer<typeof commandForm>;
export type CommandOption = NonNullable<CommandForm['options']>[number];

interface Measured {
  readonly name: string;
  readonly name_localizations?: Record<string, string | null | undefined> | null | undefined;
  readonly description?: string | null | undefined;
  readonly description_localizations?: Record<string, string | null | undefined> | null | undefined;
  readonly choices?: readonly { name: string; value: string | number }[] | null | undefined;
  readonly options?: readonly Measured[] | null | undefined;
}

/** Names, descriptions and values together; of translations the longest counts. */
export function commandSize(part: Measured): number {
  const longest = (text: string | null | undefined, others: Measured['name_localizations']) =>
    Math.max(text?.length ?? 0, ...Object.values(others ?? {}).map((other) => other?.length ?? 0));
  return (
    longest(part.name, part.name_localizations) +
    longest(part.description, part.description_localizations) +
    (part.choices ?? []).reduce((sum, item) => sum + item.name.length + String(item.value).length, 0) +
    (part.options ?? []).reduce((sum, option) => sum + commandSize(option), 0)
  );
}
