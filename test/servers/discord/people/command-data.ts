import { keepFile } from '../attachments.ts';
import type { Command } from '../command-book.ts';
import type { CommandOption } from '../forms/command-form.ts';
import type { Platform } from '../platform.ts';
import { renderUser } from '../render/guild.ts';
import { renderAttachment } from '../render/message.ts';

/** A file that somebody picks. */
export interface PickedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType?: string;
}

/** What somebody types or picks for an option. */
export type OptionValue = string | number | boolean | PickedFile;

export interface CommandData {
  readonly options: readonly unknown[];
  readonly resolved: Record<string, Record<string, unknown>>;
}

const kinds: Readonly<Record<number, string>> = {
  3: 'string',
  4: 'number',
  5: 'boolean',
  6: 'string',
  7: 'string',
  8: 'string',
  9: 'string',
  10: 'number',
  11: 'object',
};

/** What Discord's app makes of what somebody filled in; it lets nothing through that the command does not allow. */
export async function toCommandData(
  platform: Platform,
  command: Command,
  path: readonly string[],
  values: Readonly<Record<string, OptionValue>>,
  focused: string | null = null,
): Promise<CommandData> {
  let declared: readonly CommandOption[] = command.options ?? [];
  const steps: CommandOption[] = [];
  for (const name of path) {
    const step = declared.find((option) => option.name === name && option.type <= 2);
    if (step === undefined) throw new Error(`Expected "${command.name}" to have a sub-command "${name}".`);
    steps.push(step);
    declared = 'options' in step ? (step.options ?? []) : [];
  }
  const resolved: Record<string, Record<string, unknown>> = {};
  const filled: unknown[] = [];
  for (const [name, value] of Object.entries(values)) {
    const option = declared.find((candidate) => candidate.name === name);
    if (option === undefined)
      throw new Error(
        `Expected "${command.name}" to have an option "${name}"; it has: ${declared.map((one) => one.name).join(', ')}.`,
      );
    const sent = await resolve(platform, option, value, resolved);
    if (focused !== name) requireAllowed(option, sent);
    filled.push({ name, type: option.type, value: sent, ...(focused === name ? { focused: true } : {}) });
  }
  const missing = declared.filter((option) => option.type > 2 && option.required && !(option.name in values));
  if (focused === null && missing.length > 0) throw new Error(`Expected the required option "${missing[0]?.name}".`);
  const options = steps.reduceRight<unknown[]>(
    (inner, step) => [{ name: step.name, type: step.type, options: inner }],
    filled,
  );
  return { options, resolved };
}

async function resolve(
  platform: Platform,
  option: CommandOption,
  value: OptionValue,
  resolved: Record<string, Record<string, unknown>>,
): Promise<string | number | boolean> {
  if (typeof value !== kinds[option.type])
    throw new Error(`Expected a ${kinds[option.type]} for "${option.name}", got ${typeof value}.`);
  if (typeof value === 'object') {
    const file = await keepFile(platform, `ephemeral-attachments/${platform.application.id}`, toUpload(value));
    resolved.attachments = { ...resolved.attachments, [file.id]: renderAttachment(platform, file) };
    return file.id;
  }
  if (option.type === 6) {
    const user = platform.world.users.get(String(value));
    if (user === undefined) throw new Error(`Expected the id of a user for "${option.name}".`);
    resolved.users = { ...resolved.users, [user.id]: renderUser(user) };
  }
  return value;
}

export function toUpload(file: PickedFile) {
  return { filename: file.name, contentType: file.contentType ?? 'application/octet-stream', bytes: file.bytes };
}

function requireAllowed(option: CommandOption, value: string | number | boolean): void {
  const { choices, min_value, max_value, min_length, max_length, name } = option;
  const refuse = (expected: string) => {
    throw new Error(`Expected "${name}" to be ${expected}, got ${JSON.stringify(value)}.`);
  };
  if (choices?.length && !choices.some((choice) => choice.value === value))
    refuse(`one of ${choices.map((choice) => choice.value).join(', ')}`);
  if (typeof value === 'number') {
    if (option.type === 4 && !Number.isInteger(value)) refuse('a whole number');
    if (min_value != null && value < min_value) refuse(`at least ${min_value}`);
    if (max_value != null && value > max_value) refuse(`at most ${max_value}`);
  }
  if (typeof value === 'string' && option.type === 3) {
    if (value.length < (min_length ?? 0)) refuse(`at least ${min_length} long`);
    if (value.length > (max_length ?? 6000)) refuse(`at most ${max_length ?? 6000} long`);
  }
}
