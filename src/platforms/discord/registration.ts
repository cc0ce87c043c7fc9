import {
  type APIApplicationCommand,
  ApplicationCommandType,
  type REST,
  type RESTPostAPIApplicationCommandsJSONBody,
  Routes,
} from 'discord.js';

type Body = RESTPostAPIApplicationCommandsJSONBody;

export interface RegistrationOptions {
  readonly rest: REST;
  readonly applicationId: string;
  /** Register in this server only; null for everywhere. */
  readonly guild: string | null;
  readonly commands: readonly Body[];
}

/** How what is registered differs from what should be: names of commands. */
export interface RegistrationDifference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Reads what is registered and compares; writes nothing. */
export async function compareRegistration(options: RegistrationOptions): Promise<RegistrationDifference> {
  const query = new URLSearchParams({ with_localizations: 'true' });
  // What Discord documents for this address.
  const registered = (await options.rest.get(routeOf(options), { query })) as readonly APIApplicationCommand[];
  const key = ({ type, name }: { readonly type?: ApplicationCommandType | undefined; readonly name: string }) =>
    `${type ?? ApplicationCommandType.ChatInput} ${name}`;
  const known = new Map(registered.map((command) => [key(command), command]));
  const wanted = bodiesFor(options);
  const added = wanted.filter((command) => !known.has(key(command)));
  const changed = wanted.filter((command) => {
    const before = known.get(key(command));
    return before !== undefined && normalized(before, options) !== normalized(command, options);
  });
  const kept = new Set(wanted.map(key));
  const removed = registered.filter((command) => !kept.has(key(command)));
  return {
    added: added.map(({ name }) => name),
    changed: changed.map(({ name }) => name),
    removed: removed.map(({ name }) => name),
  };
}

/** Writes the commands in one request where anything differs, and nothing where nothing does. */
export async function registerCommands(options: RegistrationOptions): Promise<RegistrationDifference> {
  const difference = await compareRegistration(options);
  if (isDifferent(difference)) await options.rest.put(routeOf(options), { body: bodiesFor(options) });
  return difference;
}

export function isDifferent({ added, changed, removed }: RegistrationDifference): boolean {
  return added.length + changed.length + removed.length > 0;
}

function routeOf({ applicationId, guild }: RegistrationOptions): `/${string}` {
  return guild === null
    ? Routes.applicationCommands(applicationId)
    : Routes.applicationGuildCommands(applicationId, guild);
}

/** The command of one server is used in that server: where else it could be used is not a question there. */
function bodiesFor({ commands, guild }: RegistrationOptions): readonly Body[] {
  if (guild === null) return commands;
  return commands.map(({ integration_types: _types, contexts: _contexts, ...command }) => command as Body);
}

/** The fields that we set, in one order, with what Discord fills in where we say nothing. */
function normalized(command: APIApplicationCommand | Body, { guild }: RegistrationOptions): string {
  const isGlobal = guild === null;
  return JSON.stringify({
    description: 'description' in command ? command.description : '',
    names: localized(command.name_localizations),
    descriptions: 'description_localizations' in command ? localized(command.description_localizations) : [],
    integration_types: isGlobal ? ascending(command.integration_types) : [],
    contexts: isGlobal ? ascending(command.contexts) : [],
    options: 'options' in command ? (command.options ?? []).map(normalizedOption) : [],
  });
}

function normalizedOption(option: object): unknown {
  const told = option as Readonly<Record<string, unknown>>; // of every type of option, only what it has is compared
  const choices = (told.choices ?? []) as readonly { name: string; value: unknown; name_localizations?: unknown }[];
  return {
    type: told.type,
    name: told.name,
    description: told.description,
    names: localized(told.name_localizations),
    descriptions: localized(told.description_localizations),
    required: told.required ?? false,
    autocomplete: told.autocomplete ?? false,
    bounds: [told.min_value, told.max_value, told.min_length, told.max_length].map((bound) => bound ?? null),
    choices: choices.map(({ name, value, name_localizations }) => [name, value, localized(name_localizations)]),
  };
}

function localized(words: unknown): unknown {
  return Object.entries(words ?? {})
    .filter(([, word]) => word !== null)
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

function ascending(numbers: readonly number[] | null | undefined): readonly number[] {
  return [...(numbers ?? [])].sort((left, right) => left - right);
}
