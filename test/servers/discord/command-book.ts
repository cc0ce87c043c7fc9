import { z } from 'zod';
import type { ServerClock } from './clock.ts';
import { type CommandForm, commandForm } from './forms/command-form.ts';
import { parseForm } from './forms/parse-form.ts';
import { refusals } from './refusal.ts';

const limits = { 1: 100, 2: 15, 3: 15 } as const;
const dayMs = 86_400_000;

/** A registered command. */
export interface Command extends CommandForm {
  readonly id: string;
  readonly version: string;
  readonly guildId: string | null;
}

/** The commands of the app: for everyone, and for single servers. */
export interface CommandBook {
  /** Null: the commands that hold everywhere. */
  list(guildId: string | null): readonly Command[];
  /** Requests that changed something or could have. */
  readonly writes: readonly {
    readonly guildId: string | null;
    readonly names: readonly string[];
    readonly at: number;
  }[];
  overwrite(guildId: string | null, body: unknown): readonly Command[];
  create(guildId: string | null, body: unknown): { readonly command: Command; readonly isNew: boolean };
  edit(guildId: string | null, id: string, body: unknown): Command;
  remove(guildId: string | null, id: string): void;
}

/** An app without commands. */
export function createCommandBook(clock: ServerClock, nextId: () => string, createsPerDay: number): CommandBook {
  const shelves = new Map<string | null, Command[]>();
  const creates: { readonly guildId: string | null; readonly at: number }[] = [];
  const writes: { guildId: string | null; names: string[]; at: number }[] = [];
  const list = (guildId: string | null) => shelves.get(guildId) ?? [];

  const count = (guildId: string | null, commands: readonly Command[]) => {
    for (const type of [1, 2, 3] as const) {
      if (commands.filter((command) => command.type === type).length > limits[type])
        throw refusals.tooManyCommands(limits[type]);
    }
    shelves.set(guildId, [...commands]);
  };
  const spendCreate = (guildId: string | null) => {
    const today = creates.filter((create) => create.guildId === guildId && create.at > clock.now() - dayMs);
    if (today.length >= createsPerDay) throw refusals.commandsPerDay();
    creates.push({ guildId, at: clock.now() });
  };
  const toCommand = (guildId: string | null, form: CommandForm, before: Command | undefined): Command => {
    if (before === undefined) spendCreate(guildId);
    const same =
      before !== undefined &&
      JSON.stringify(before) === JSON.stringify({ ...form, id: before.id, version: before.version, guildId });
    return { ...form, id: before?.id ?? nextId(), version: same ? before.version : nextId(), guildId };
  };
  const twin = (commands: readonly Command[], form: CommandForm) =>
    commands.find((command) => command.name === form.name && command.type === form.type);
  const find = (guildId: string | null, id: string) => {
    const command = list(guildId).find((candidate) => candidate.id === id);
    if (command === undefined) throw refusals.unknownCommand();
    return command;
  };
  const note = (guildId: string | null, names: string[]) => writes.push({ guildId, names, at: clock.now() });

  return {
    list,
    writes,
    overwrite(guildId, body) {
      const forms = parseForm(z.array(commandForm), body);
      note(
        guildId,
        forms.map((form) => form.name),
      );
      const before = list(guildId);
      count(
        guildId,
        forms.map((form) => toCommand(guildId, form, twin(before, form))),
      );
      return list(guildId);
    },
    create(guildId, body) {
      const form = parseForm(commandForm, body);
      note(guildId, [form.name]);
      const before = twin(list(guildId), form);
      const command = toCommand(guildId, form, before);
      count(guildId, [...list(guildId).filter((other) => other !== before), command]);
      return { command, isNew: before === undefined };
    },
    edit(guildId, id, body) {
      const before = find(guildId, id);
      const form = parseForm(commandForm, { ...before, ...(body as object), type: before.type });
      note(guildId, [form.name]);
      const command = toCommand(guildId, form, before);
      count(
        guildId,
        list(guildId).map((other) => (other === before ? command : other)),
      );
      return command;
    },
    remove(guildId, id) {
      const command = find(guildId, id);
      note(guildId, [command.name]);
      shelves.set(
        guildId,
        list(guildId).filter((other) => other !== command),
      );
    },
  };
}

/** A command as the API shows it. */
export function renderCommand(command: Command, applicationId: string, localizations: boolean) {
  const { guildId, ...shown } = command;
  const rendered = {
    ...shown,
    application_id: applicationId,
    description: command.description ?? '',
    default_member_permissions: command.default_member_permissions ?? null,
    nsfw: command.nsfw ?? false,
    integration_types: command.integration_types ?? [0],
    contexts: command.contexts ?? null,
    dm_permission: command.contexts?.includes(1) ?? true,
    ...(guildId === null ? {} : { guild_id: guildId }),
    ...(command.options?.length ? { options: command.options } : {}),
  };
  if (localizations) return rendered;
  return JSON.parse(
    JSON.stringify(rendered, (key, value: unknown) => (key.endsWith('_localizations') ? undefined : value)),
  ) as typeof rendered;
}
