import type { JobId } from '../src/jobs/job.ts';
import { inEveryLanguage, type Messages } from '../src/messages/messages.ts';
import { cleanText } from './clean-text.ts';
import type { Attachment, CommandOption, CommandWorld, OptionValue } from './define-command.ts';
import { nearest } from './nearest.ts';
import { readAnswer } from './spoken-names.ts';

/** The outcome for one option: its checked value (undefined where it was left empty), or what is wrong. */
export type Checked = { readonly value: OptionValue | undefined } | { readonly problem: string };

/** Checks one raw value, as typed in a chat or filled in a form, against the option's declaration. */
export function checkValue(option: CommandOption, raw: OptionValue, world: CommandWorld, messages: Messages): Checked {
  const say = messages.problem;
  const { name } = option.text(messages);
  const wrongType = (type: Parameters<typeof say.wrongType>[1]) => ({
    problem: say.wrongType(name, type, describe(raw, say)),
  });
  if (option.type === 'picture') return isAttachment(raw) ? { value: raw } : wrongType('picture');
  if (isAttachment(raw)) return wrongType(option.type === 'choice' ? 'text' : option.type);
  if (option.type === 'text') return checkText(option, name, String(raw), say);
  // An empty field of a form is an option that was not given.
  if (typeof raw === 'string' && raw.trim() === '') return { value: undefined };
  switch (option.type) {
    case 'integer':
    case 'number': {
      const number = toNumber(raw, option.type);
      if (number === null) return wrongType(option.type);
      if (number >= option.min && number <= option.max) return { value: number };
      return { problem: say.outOfRange(name, option.min, option.max, describe(raw, say)) };
    }
    case 'boolean': {
      const value = readAnswer(String(raw));
      return value === null ? wrongType('boolean') : { value };
    }
    case 'job': {
      const id = toJobId(raw);
      return id === null ? wrongType('job') : { value: id };
    }
    case 'choice':
      return checkChoice(option, String(raw).trim(), world, messages);
    default:
      return option satisfies never;
  }
}

function checkText(
  option: CommandOption & { readonly type: 'text' },
  name: string,
  raw: string,
  say: Messages['problem'],
): Checked {
  // Before anything walks over the text: it may be of any length.
  if (raw.length > option.maxLength) return { problem: say.tooLong(name, option.maxLength, raw.length) };
  const cleaned = cleanText(raw);
  if ('problem' in cleaned) {
    return cleaned.problem === 'broken_text'
      ? { problem: say.brokenText(name) }
      : { problem: say.controlCharacter(name, cleaned.codePoint) };
  }
  if (cleaned.text.length > option.maxLength) {
    return { problem: say.tooLong(name, option.maxLength, cleaned.text.length) };
  }
  if (option.required === true && cleaned.text === '') return { problem: say.nothingToDraw(name) };
  return { value: cleaned.text };
}

function checkChoice(
  option: CommandOption & { readonly type: 'choice' },
  raw: string,
  world: CommandWorld,
  messages: Messages,
): Checked {
  const { problem: say } = messages;
  const choices = option.choices(world);
  if (choices.length === 0) return { problem: say.notOfferedHere(option.text(messages).name) };
  const wanted = raw.normalize('NFC').toLowerCase();
  // A label counts in any language: people write each other lines to copy.
  const chosen =
    choices.find(({ value }) => value === raw) ??
    choices.find(({ value, label }) =>
      [value, ...inEveryLanguage(label)].some((known) => known.toLowerCase() === wanted),
    );
  if (chosen !== undefined) return { value: chosen.value };
  const values = choices.map(({ value }) => value);
  return { problem: say.notInList(option.text(messages).name, values, say.got.text(raw), nearest(raw, values)) };
}

function toNumber(raw: string | number | boolean, type: 'integer' | 'number'): number | null {
  if (typeof raw === 'boolean') return null;
  const pattern = type === 'integer' ? /^[+-]?\d{1,20}$/ : /^[+-]?(\d{1,20}(\.\d{0,25})?|\.\d{1,25})(e[+-]?\d{1,3})?$/i;
  const number = typeof raw === 'number' ? raw : pattern.test(raw.trim()) ? Number(raw) : Number.NaN;
  if (type === 'integer' ? !Number.isInteger(number) : !Number.isFinite(number)) return null;
  // -0 would be written differently from 0.
  return number === 0 ? 0 : number;
}

function toJobId(raw: string | number | boolean): JobId | null {
  const id = String(raw).trim().toLowerCase();
  // The shape was checked on this line: this is where a text becomes a JobId.
  return /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id) ? (id as JobId) : null;
}

function isAttachment(raw: OptionValue): raw is Attachment {
  return typeof raw === 'object' && raw !== null;
}

function describe(raw: OptionValue, say: Messages['problem']): string {
  if (isAttachment(raw)) return say.got.picture;
  if (typeof raw === 'number') return Number.isFinite(raw) ? String(raw) : say.got.notFinite;
  const text = String(raw).trim();
  if (text === '') return say.got.nothing;
  return /^[+-]?[\d.]{1,20}$/.test(text) ? text : say.got.text(text);
}
