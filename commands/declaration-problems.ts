import { languages, messagesFor } from '../src/messages/messages.ts';
import type { Choice, Command, CommandOption } from './define-command.ts';

/**
 * What the strictest platform takes: https://discord.com/developers/docs/interactions/application-commands and, for a
 * title, https://discord.com/developers/docs/components/reference#label
 */
const limits = {
  nameLength: 32,
  descriptionLength: 100,
  titleLength: 45,
  options: 25,
  choices: 25,
  labelLength: 100,
} as const;

/** What is wrong with a command's declaration; nothing for one that every platform takes, in every language. */
export function* declarationProblems(command: Omit<Command, 'run'>): Iterable<string> {
  if (!/^[a-z]+(-[a-z]+)*$/.test(command.name) || command.name.length > limits.nameLength) {
    yield `expected a name of 1-${limits.nameLength} lower-case letters and dashes`;
  }
  yield* textProblems('the command', command);
  if (command.options.length > limits.options) {
    yield `expected at most ${limits.options} options, got ${command.options.length}`;
  }
  let optionalBefore: string | null = null;
  for (const option of command.options) {
    if (!/^[a-z]+(_[a-z]+)*$/.test(option.name) || option.name.length > limits.nameLength) {
      yield `expected option \`${option.name}\` to be 1-${limits.nameLength} lower-case letters and \`_\``;
    }
    if (option.required !== true) optionalBefore = option.name;
    else if (optionalBefore !== null) yield `required \`${option.name}\` comes after optional \`${optionalBefore}\``;
    yield* textProblems(`option \`${option.name}\``, option);
    yield* optionProblems(option);
  }
  for (const language of languages) {
    const names = command.options.map(({ text }) => text(messagesFor(language)).name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) yield `two options are called \`${twice}\` (${language})`;
  }
}

function* textProblems(what: string, { name, text }: Pick<Command, 'name'> & Pick<Command | CommandOption, 'text'>) {
  for (const language of languages) {
    const said = text(messagesFor(language));
    if (language === 'en' && said.name !== name)
      yield `expected ${what} to be called that in English, got ${said.name}`;
    if (!/^[-_\p{L}\p{N}]{1,32}$/u.test(said.name) || said.name !== said.name.toLowerCase()) {
      yield `expected ${what} to be called by 1-${limits.nameLength} lower-case letters (${language}), got ${said.name}`;
    }
    yield* lengthProblems(`the description of ${what} (${language})`, said.description, limits.descriptionLength);
    if ('title' in said) yield* lengthProblems(`the title of ${what} (${language})`, said.title, limits.titleLength);
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
  if (choices.some(({ value }) => value === '')) yield `expected every choice of \`${option.name}\` to have a value`;
  for (const language of languages) {
    const labels = choices.map(({ label }) => label(messagesFor(language)));
    for (const label of labels) yield* lengthProblems(`a label of \`${option.name}\``, label, limits.labelLength);
    if (new Set(labels).size < labels.length)
      yield `two choices of \`${option.name}\` are called the same (${language})`;
  }
}

function* lengthProblems(what: string, text: string, max: number): Iterable<string> {
  if (text.length < 1 || text.length > max) yield `expected ${what} to have 1-${max} characters, got ${text.length}`;
}
