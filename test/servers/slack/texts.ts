import type { Json } from './refusal.ts';
import type { World } from './world.ts';

const entities = /&(?!(?:amp|lt|gt);)/g;
const markup = /<(?:[@#!]|https?:|mailto:|slack:)[^<>]*>/g;

/** `& < >` as they travel in a message's text. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A text as a person reads it. */
export function readableText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** A text as the platform keeps it: what is neither an entity nor markup is escaped. */
export function storedText(text: string, marked: boolean): string {
  const whole = text.replace(entities, '&amp;');
  const kept = marked ? [...whole.matchAll(markup)] : [];
  const plain = (part: string): string => part.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  let result = '';
  let from = 0;
  for (const { 0: link, index } of kept) {
    result += plain(whole.slice(from, index)) + link;
    from = index + link.length;
  }
  return result + plain(whole.slice(from));
}

/** The same for every text object in blocks. */
export function storedBlocks<T>(value: T): T {
  if (Array.isArray(value)) return value.map(storedBlocks) as T;
  if (typeof value !== 'object' || value === null) return value;
  const { type, text } = value as Json;
  const isText = (type === 'mrkdwn' || type === 'plain_text') && typeof text === 'string';
  if (isText) return { ...value, text: storedText(text, type === 'mrkdwn') };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, storedBlocks(item)])) as T;
}

/** What becomes of a text that somebody types: escaped, with `@name` and `#channel` made into mentions. */
export function typedText(world: World, team: string, text: string): string {
  return escapeText(text).replace(/(^|\s)([@#])([\w.-]+)/g, (whole, before: string, sign: string, name: string) => {
    if (sign === '@' && ['channel', 'here', 'everyone'].includes(name)) return `${before}<!${name}>`;
    const named = sign === '@' ? world.users : world.channels;
    const found = [...named.values()].find((one) => one.team === team && one.name === name);
    return found === undefined ? whole : `${before}<${sign}${found.id}>`;
  });
}
