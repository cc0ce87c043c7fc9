/** @typedef {import('../world-view.ts').CommandView} CommandView */
/** @typedef {import('../world-view.ts').OptionView} OptionView */

/**
 * One thing that may stand at the caret. `insert` takes the place of what was typed there; `back` moves the caret
 * back by so many characters afterwards (between quotes); `attach` names the option that a file is chosen for.
 *
 * @typedef {{ label: string, description: string, insert: string, back: number, attach: string | null }} Suggestion
 */

/**
 * @typedef {object} Completion
 * @property {'command' | 'option' | 'value'} kind
 * @property {number} from where what is replaced begins
 * @property {number} to
 * @property {string} subject what is completed: empty for commands, a command for its options, an option for its values
 * @property {readonly Suggestion[]} items
 * @property {boolean} eager whether Enter takes the first one without it being chosen
 */

const maxItems = 12;

/**
 * What can be completed at the caret; null for nothing. Text without a slash is a prompt of `/imagine`.
 *
 * @param {string} text
 * @param {number} caret
 * @param {readonly CommandView[]} commands those that people type
 * @returns {Completion | null}
 */
export function complete(text, caret, commands) {
  const before = text.slice(0, caret);
  const typedCommand = /^\/([\p{L}\p{M}-]*)$/u.exec(before);
  if (typedCommand) return completeCommand(typedCommand[1] ?? '', text, commands);
  if (isInsideQuotes(before)) return null;
  const command = commandOf(text, commands);
  if (command === undefined) return null;
  const token = /(?:^|\s)(\S*)$/.exec(before)?.[1] ?? '';
  const from = caret - token.length;
  const [, name, typed] = /^(?:--)?([\p{L}\p{M}_]+)[:=](\S*)$/u.exec(token) ?? [];
  const option = command.options.find((candidate) => name !== undefined && isCalled(candidate, name));
  if (option !== undefined) return completeValue(option, typed ?? '', caret);
  return completeOption(command, token, text, from, caret);
}

/**
 * @param {string} text
 * @param {Completion} completion
 * @param {Suggestion} suggestion
 */
export function apply(text, completion, suggestion) {
  const head = text.slice(0, completion.from) + suggestion.insert;
  const tail = text.slice(completion.to).replace(/^ /, suggestion.insert.endsWith(' ') ? '' : ' ');
  return { text: head + tail, caret: head.length - suggestion.back };
}

/** The options that a line has not used yet. @param {string} text @param {readonly CommandView[]} commands */
export function unusedOptions(text, commands) {
  const command = commandOf(text, commands);
  if (command === undefined) return [];
  return command.options.filter((option) => !option.required && !isUsed(option, text));
}

/** @param {OptionView} option @returns {Suggestion} */
export function suggestOption(option) {
  const quoted = option.type === 'text';
  return {
    label: option.typed,
    description: `${option.description}${rangeOf(option)}`,
    insert: option.type === 'picture' ? '' : `${option.typed}:${quoted ? '""' : ''}`,
    back: quoted ? 1 : 0,
    attach: option.type === 'picture' ? option.name : null,
  };
}

/** @param {string} text @param {readonly CommandView[]} commands */
function commandOf(text, commands) {
  const name = text.startsWith('/') ? (/^\/(\S*)/.exec(text)?.[1] ?? '') : 'imagine';
  return commands.find((command) => isCalled(command, name));
}

/** @param {string} typed @param {string} text @param {readonly CommandView[]} commands @returns {Completion | null} */
function completeCommand(typed, text, commands) {
  const found = commands.filter((command) => mayBe(command, typed));
  if (found.length === 0) return null;
  const end = /^\/\S*/.exec(text)?.[0].length ?? 1;
  return {
    kind: 'command',
    from: 0,
    to: end,
    subject: '',
    eager: !found.some((command) => isCalled(command, typed)),
    items: found.map((command) => ({
      label: `/${command.typed}`,
      description: command.description,
      insert: `/${command.typed} `,
      back: 0,
      attach: null,
    })),
  };
}

/** @param {OptionView} option @param {string} typed @param {number} caret @returns {Completion | null} */
function completeValue(option, typed, caret) {
  const choices =
    option.type === 'boolean' ? ['true', 'false'].map((value) => ({ value, label: value })) : option.choices;
  const wanted = typed.toLowerCase();
  const found = choices.filter(
    ({ value, label }) => value.toLowerCase().includes(wanted) || label.toLowerCase().includes(wanted),
  );
  if (found.length === 0 || (found.length === 1 && found[0]?.value === typed)) return null;
  return {
    kind: 'value',
    from: caret - typed.length,
    to: caret,
    subject: `${option.typed}: ${option.description}`,
    eager: typed !== '' && !found.some(({ value }) => value === typed),
    items: found.map(({ value, label }) => ({
      label,
      description: label === value ? '' : value,
      insert: `${/\s/.test(value) ? `"${value}"` : value} `,
      back: 0,
      attach: null,
    })),
  };
}

/**
 * @param {CommandView} command
 * @param {string} token
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {Completion | null}
 */
function completeOption(command, token, text, from, to) {
  const typed = token.replace(/^--/, '').toLowerCase();
  // One letter of prose is no wish for an option; two dashes are.
  if (typed.length < 2 && !token.startsWith('--')) return null;
  const found = command.options.filter((option) => mayBe(option, typed) && !isUsed(option, text));
  const typable = found.filter((option) => !(option.required && option.type === 'text')).slice(0, maxItems);
  if (typable.length === 0) return null;
  return {
    kind: 'option',
    from,
    to,
    subject: `/${command.typed}`,
    eager: false,
    items: typable.map(suggestOption),
  };
}

/** @param {OptionView} option @param {string} text */
function isUsed(option, text) {
  return [option.name, option.typed].some((name) => text.includes(`${name}:`) || text.includes(`--${name}`));
}

/** @typedef {{ readonly name: string, readonly typed: string }} Named */

/** By its own name or by that in the reader's language. @param {Named} named @param {string} name */
function isCalled(named, name) {
  return named.name === name || named.typed === name.normalize('NFC');
}

/** @param {Named} named @param {string} start */
function mayBe(named, start) {
  return named.name.startsWith(start) || named.typed.startsWith(start.normalize('NFC'));
}

/** @param {OptionView} option */
function rangeOf(option) {
  return option.min === null || option.max === null ? '' : ` (${option.min}–${option.max})`;
}

/** @param {string} before */
function isInsideQuotes(before) {
  return /[\p{L}\p{M}_]:"[^"]*$/u.test(before);
}
