import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bold, escapeText, toMrkdwn, unescapeText } from '../../../src/platforms/slack/escape.ts';

test('nothing that a person types can call somebody or open a link', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      for (const shown of [escapeText(text), toMrkdwn(text), bold(text)]) expect(shown).not.toMatch(/[<>]/);
    }),
  );
  expect(escapeText('<!channel> & <@U1>')).toBe('&lt;!channel&gt; &amp; &lt;@U1&gt;');
});

test('what is escaped reads back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(unescapeText(escapeText(text))).toBe(text);
    }),
  );
});

test('Markdown becomes Slack’s own, with the commands by their names here', () => {
  expect(toMrkdwn('**Commands**\n- `/queue`: see\n- `/imagine a boat`')).toBe(
    '*Commands*\n• `/quartet queue`: see\n• `/imagine a boat`',
  );
  expect(toMrkdwn('see /forget-me and https://example.com/queue')).toBe(
    'see /quartet forget-me and https://example.com/queue',
  );
});

test('a text cannot end its own bold', () => {
  expect(bold('a *red* boat\n`x`')).toBe('*a  red  boat  x*');
});
