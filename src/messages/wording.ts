import { truncate } from './truncate.ts';

/** How a language writes numbers, lists and spans of time. */
export interface Wording {
  readonly number: (value: number) => string;
  /** "4.2 seconds": with so many digits behind the point. */
  readonly seconds: (value: number, digits?: number) => string;
  /** A span of time as people say it, in its largest unit. */
  readonly duration: (seconds: number) => string;
  /** "`a`, `b`, and `c`": each of them as code. */
  readonly allOf: (words: readonly string[]) => string;
  /** The same without a word before the last: "`a`, `b`, `c`". */
  readonly list: (words: readonly string[]) => string;
}

/** Makes the wording of a language (BCP 47); `underOneSecond` is what no unit says. */
export function createWording(language: string, underOneSecond: string): Wording {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 20 });
  const all = new Intl.ListFormat(language, { type: 'conjunction' });
  const unit = (value: number, name: 'second' | 'minute' | 'hour', digits = 0) =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit: name,
      unitDisplay: 'long',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  return {
    number: (value) => plain.format(value),
    seconds: (value, digits = 0) => unit(value, 'second', digits),
    duration(seconds) {
      if (seconds < 1) return underOneSecond;
      if (seconds < 90) return unit(Math.ceil(seconds), 'second');
      if (seconds < 5_400) return unit(Math.round(seconds / 60), 'minute');
      return unit(Math.round(seconds / 3_600), 'hour');
    },
    allOf: (words) => all.format(words.map((word) => code(word))),
    list: (words) => words.map((word) => code(word)).join(', '),
  };
}

/** Shown as code on one line, so that no platform reads markup or mentions in what a person typed. */
export function code(text: string, maxCharacters = 60): string {
  const line = text.replaceAll('`', "'").replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return `\`${truncate(line, maxCharacters)}\``;
}
