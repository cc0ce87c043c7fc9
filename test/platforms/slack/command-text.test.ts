import { expect, test } from 'vitest';
import { messagesFor } from '../../../src/messages/messages.ts';
import { slackMessagesFor } from '../../../src/messages/slack.ts';
import { plainText, readBang, readSlashCommand, withoutMention } from '../../../src/platforms/slack/command-text.ts';

const messages = messagesFor('en');
const say = slackMessagesFor('en');

test('slash commands become lines that the commands read', () => {
  expect(readSlashCommand('/imagine', 'a red boat seed:7 style:watercolour', messages, say)).toEqual({
    command: 'imagine',
    options: { prompt: 'a red boat', seed: '7', style: 'watercolour' },
  });
  expect(readSlashCommand('/quartet', 'history page:2', messages, say)).toEqual({
    command: 'history',
    options: { page: '2' },
  });
  expect(readSlashCommand('/quartet', '/queue', messages, say).command).toBe('queue');
  expect(readSlashCommand('/quartet', '  ', messages, say).command).toBe('help');
  expect(() => readSlashCommand('/quartet', 'nonsense', messages, say)).toThrow('There is no command');
});

test('Slack’s marks become the words that people meant', () => {
  expect(
    plainText('a &lt;big&gt; boat &amp; <https://example.com|example.com> for <@U123|ada> in <#C1|general> <!here>'),
  ).toBe('a <big> boat & example.com for @U123 in #general @here');
});

test('only a command behind an exclamation mark is one', () => {
  expect(readBang('!imagine a boat')).toBe('!imagine a boat');
  expect(readBang('  !queue')).toBe('!queue');
  expect(readBang('!!')).toBeNull();
  expect(readBang('wow! imagine a boat')).toBeNull();
});

test('the mention that called the bot is no part of the wish, others are', () => {
  expect(withoutMention('<@UBOT> a boat for <@UADA>', 'UBOT')).toBe('a boat for @UADA');
});
