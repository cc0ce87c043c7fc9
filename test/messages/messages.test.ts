import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { english } from '../../src/messages/en.ts';
import { korean } from '../../src/messages/ko.ts';
import { type Messages, messagesFor } from '../../src/messages/messages.ts';
import { truncate } from '../../src/messages/truncate.ts';

describe('truncate', () => {
  test('never gives more code points than asked for, and cuts none in half', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 40 }), (text, max) => {
        const short = truncate(text, max);
        expect(Array.from(short).length).toBeLessThanOrEqual(max);
        expect(short.isWellFormed()).toBe(text.isWellFormed() || short.isWellFormed());
        if (Array.from(text).length <= max) expect(short).toBe(text);
        else if (max > 0) expect(text.startsWith(short.slice(0, -1))).toBe(true);
      }),
    );
  });

  test('marks that something was cut', () => {
    expect(truncate('🌊🌊🌊🌊', 3)).toBe('🌊🌊…');
    expect(truncate('🌊🌊🌊', 3)).toBe('🌊🌊🌊');
  });
});

describe('messagesFor', () => {
  test.each(['en', 'en-GB', 'EN_us', 'tlh', '', '__proto__'])('has a catalogue for %j', (locale) => {
    expect(messagesFor(locale)).toBe(english);
  });

  test.each(['ko', 'ko-KR', 'KO_kr.UTF-8'])('speaks Korean to %j', (locale) => {
    expect(messagesFor(locale)).toBe(korean);
  });

  test('says durations as people do', () => {
    expect([0.2, 12.2, 89, 100, 3_600, 86_400].map(english.duration)).toEqual([
      'less than a second',
      '13 seconds',
      '89 seconds',
      '2 minutes',
      '60 minutes',
      '24 hours',
    ]);
    expect([0.2, 12.2, 100, 86_400].map(korean.duration)).toEqual(['1초 미만', '13초', '2분', '24시간']);
  });
});

test('a locale that lacks a text does not compile', () => {
  // @ts-expect-error `cancel` lacks its texts
  const lacking: Messages = { ...english, cancel: {} };
  expect(lacking.cancel).toEqual({});
});
