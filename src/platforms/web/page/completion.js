/** @typedef {import('../world-view.ts').CommandView} CommandView */
/** @typedef {import('../world-view.ts').OptionView} OptionView */

/**
 * One thing that may stand at the caret. `insert` takes the place of what was typed there; `back` moves the caret
 * back by so many characters afterwards (between quotes).
 *
 * @typedef {{ label: string, description: string, insert: string, back: number, attach: boolean }} Suggestion
 */

/**
 * @typedef {object} Completion
 * @property {'command' | 'option' | 'value'} kind
 * @property {number} from where what is replaced begins
 * @property {number} to
 * @property {string} title
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
  const typedCommand = /^\/([a-z-]*)$/.exec(before);
  if (typedCommand) return completeCommand(typedCommand[1] ?? '', text, commands);
  if (isInsideQuotes(before)) return null;
  const command = commandOf(text, commands);
  if (command === undefined) return null;
  const token = /(?:^|\s)(\S*)$/.exec(before)?.[1] ?? '';
  const from = caret - token.length;
  const [, name, typed] = /^(?:--)?([a-z_]+)[:=](\S*)$/.exec(token) ?? [];
  const option = command.options.find((candidate) => candidate.name === name);
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
    label: option.name,
    description: `${option.description}${rangeOf(option)}`,
    insert: option.type === 'picture' ? '' : `${option.name}:${quoted ? '""' : ''}`,
    back: quoted ? 1 : 0,
    attach: option.type === 'picture',
  };
}

/** @param {string} text @param {readonly CommandView[]} commands */
function commandOf(text, commands) {
  const name = text.startsWith('/') ? (/^\/(\S*)/.exec(text)?.[1] ?? '') : 'imagine';
  return commands.find((command) => command.name === name);
}

/** @param {string} typed @param {string} text @param {readonly CommandView[]} commands @returns {Completion | null} */
function completeCommand(typed, text, commands) {
  const found = commands.filter((command) => command.name.startsWith(typed));
  if (found.length === 0) return null;
  const end = /^\/\S*/.exec(text)?.[0].length ?? 1;
  return {
    kind: 'command',
    from: 0,
    to: end,
    title: 'Commands',
    eager: !found.some((command) => command.name === typed),
    items: found.map(({ name, description }) => ({
      label: `/${name}`,
      description,
      insert: `/${name} `,
      back: 0,
      attach: false,
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
    title: `${option.name}: ${option.description}`,
    eager: typed !== '' && !found.some(({ value }) => value === typed),
    items: found.map(({ value, label }) => ({
      label,
      description: label === value ? '' : value,
      insert: `${/\s/.test(value) ? `"${value}"` : value} `,
      back: 0,
      attach: false,
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
  const found = command.options.filter((option) => option.name.startsWith(typed) && !isUsed(option, text));
  const typable = found.filter((option) => !(option.required && option.type === 'text')).slice(0, maxItems);
  if (typable.length === 0) return null;
  return {
    kind: 'option',
    from,
    to,
    title: `Options of /${command.name}`,
    eager: false,
    items: typable.map(suggestOption),
  };
}

/** @param {OptionView} option @param {string} text */
function isUsed(option, text) {
  return text.includes(`${option.name}:`) || text.includes(`--${option.name}`);
}

/** @param {OptionView} option */
function rangeOf(option) {
  return option.min === null || option.max === null ? '' : ` (${option.min}–${option.max})`;
}

/** @param {string} before */
function isInsideQuotes(before) {
  return (before.match(/[a-z_]:"[^"]*$/) ?? []).length > 0;
}
