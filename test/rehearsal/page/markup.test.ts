import { describe, expect, test } from 'vitest';
import { renderDiscordText } from './discord-markup.ts';
import { renderSlackText } from './slack-markup.ts';

const names = { user: (id: string) => `user ${id}`, channel: (id: string) => `channel ${id}` };
const onDiscord = (text: string) => renderDiscordText(text, names);
const onSlack = (text: string) => renderSlackText(text, names);

describe('Discord’s Markdown', () => {
  test('shows bold words, mentions and small lines', () => {
    expect(onDiscord('**a boat** · <@12>\n-# seed 7')).toBe(
      '<div><strong>a boat</strong> · <span class="mention">@user 12</span></div><div class="small">seed 7</div>',
    );
  });

  test('shows what is escaped letter by letter', () => {
    expect(onDiscord('**2 \\* 3 \\*\\* \\<b\\>**')).toBe('<div><strong>2 * 3 ** &lt;b&gt;</strong></div>');
  });

  test('lets nobody write HTML, nor link to anything but a page', () => {
    expect(onDiscord('<img src=x> [a](javascript:b)')).toBe('<div>&lt;img src=x&gt; <a href="#">a</a></div>');
  });

  test('reads no marks inside code', () => {
    expect(onDiscord('- `**a** & b`')).toBe('<div class="item"><code>**a** &amp; b</code></div>');
  });
});

describe('Slack’s markup', () => {
  test('shows bold words, links, mentions and bullets', () => {
    expect(onSlack('• *a boat* of <https://a.test/x?b=1&amp;c=2|this result>, <@U1> in <#C1>')).toBe(
      '<div class="item"><strong>a boat</strong> of <a href="https://a.test/x?b=1&amp;c=2">this result</a>, ' +
        '<span class="mention">@user U1</span> in <span class="mention">#channel C1</span></div>',
    );
  });

  test('shows entities as the characters that they stand for, and lets nobody write HTML', () => {
    expect(onSlack('1 &lt; 2 &amp;amp; "3"')).toBe('<div>1 &lt; 2 &amp;amp; &quot;3&quot;</div>');
  });

  test('takes a lone star for a star', () => {
    expect(onSlack('2 * 3 * 4')).toBe('<div>2 * 3 * 4</div>');
  });

  test('shows a moment by the words for programs that know none', () => {
    expect(onSlack('<!date^1^{time}|19:00>')).toBe('<div><span class="mention">19:00</span></div>');
  });
});
