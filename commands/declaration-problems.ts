import type { Choice, Command, CommandOption } from './define-command.ts';

/** What the strictest platform takes: https://discord.com/developers/docs/interactions/application-commands */
const limits = { nameLength: 32, descriptionLength: 100, options: 25, choices: 25, labelLength: 100 } as const;

/** What is wrong with a command's declaration; nothing for one that every platform takes. */
export function* declarationProblems(command: Omit<Command, 'run' | 'examples'>): Iterable<string> {
  if (!/^[a-z]+(-[a-z]+)*$/.test(command.name) || command.name.length > limits.nameLength) {
    yield `expected a name of 1-${limits.nameLength} lower-case letters and dashes`;
  }
  yield* descriptionProblems('the command', command.description);
  if (command.options.length > limits.options) {
    yield `expected at most ${limits.options} options, got ${command.options.length}`;
  }
  const names = new Set<string>();
  let optionalBefore: string | null = null;
  for (const option of command.options) {
    if (!/^[a-z]+(_[a-z]+)*$/.test(option.name) || option.name.length > limits.nameLength) {
      yield `expected option \`${option.name}\` to be 1-${limits.nameLength} lower-case letters and \`_\``;
    }
    if (names.has(option.name)) yield `option \`${option.name}\` is declared twice`;
    names.add(option.name);
    if (option.required !== true) optionalBefore = option.name;
    else if (optionalBefore !== null) yield `required \`${option.name}\` comes after optional \`${optionalBefore}\``;
    yield* descriptionProblems(`option \`${option.name}\``, option.description);
    yield* optionProblems(option);
  }
}

function* optionProblems(option: CommandOption): Iterable<string> {
  if (option.type === 'text' && !(option.maxLength >= 1)) {
    yield `expected \`${option.name}\` to have a maxLength of 1 and up, got ${option.maxLength}`;
  }
  if ((option.type === 'integer' || option.type === 'number') && !(option.min <= option.max)) {
    yield `expected \`${option.name}\` to have min <= max, got ${option.min} and ${option.max}`;
  }
  if (option.type !== 'choice' || option.choices.length > 0) return;
  // A function of no arguments cannot look at the world, so this call sees what every platform will see.
  const choices = (option.choices as () => readonly Choice[])();
  if (choices.length < 1 || choices.length > limits.choices) {
    yield `expected \`${option.name}\` to have 1-${limits.choices} choices, got ${choices.length}`;
  }
  if (choices.some(({ value, label }) => value === '' || label === '' || label.length > limits.labelLength)) {
    yield `expected every choice of \`${option.name}\` to have a value and a label of 1-${limits.labelLength} characters`;
  }
}

function* descriptionProblems(what: string, description: string): Iterable<string> {
  if (description.length >= 1 && description.length <= limits.descriptionLength) return;
  yield `expected the description of ${what} to be 1-${limits.descriptionLength} characters, got ${description.length}`;
}
