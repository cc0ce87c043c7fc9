import { expect, test } from 'vitest';
import { slackMessagesFor } from '../../../src/messages/slack.ts';
import { attachmentOf, picturesAmong } from '../../../src/platforms/slack/attachments.ts';
import { createSingleWorkspace } from '../../../src/platforms/slack/workspaces.ts';
import { useSlack } from './open-slack.ts';

const open = useSlack();
const say = slackMessagesFor('en');
const signal = new AbortController().signal;

test('a file is read from Slack’s own host only: the token goes nowhere else', async () => {
  const { slack } = await open();
  const { default: pino } = await import('pino');
  const workspace = await createSingleWorkspace(slack.botToken, {
    apiUrl: slack.apiUrl,
    logger: pino({ level: 'silent' }),
  }).of(null);
  const fetchFrom = (url: string, apiUrl: string) =>
    attachmentOf({ id: 'F1', url_private: url }, workspace, { apiUrl, say }).fetch({ maxBytes: 100, signal });
  const foreign = [
    ['https://evil.example/x.png', slack.apiUrl],
    ['http://files.slack.com/x.png', 'https://slack.com/api/'],
    ['https://files.slack.com.evil.example/x.png', 'https://slack.com/api/'],
    ['https://files.slack.com@evil.example/x.png', 'https://slack.com/api/'],
    ['not an address', slack.apiUrl],
  ] as const;
  for (const [url, apiUrl] of foreign) {
    await expect(fetchFrom(url, apiUrl)).rejects.toThrow(say.refusal.pictureNotReadable);
  }
});

test('a file is read no further than its cap, and not at all where the bot may not', async () => {
  const world = await open();
  const { slack } = world;
  const { default: pino } = await import('pino');
  const options = { apiUrl: slack.apiUrl, logger: pino({ level: 'silent' }) };
  const workspace = await createSingleWorkspace(slack.botToken, options).of(null);
  const bytes = new Uint8Array(5_000).fill(7);
  const { message } = await slack.alice.says(slack.general, 'look', { files: [{ name: 'mine.png', bytes }] });
  const id = message.files[0]?.id ?? '';
  const file = attachmentOf({ id }, workspace, { apiUrl: slack.apiUrl, say });
  expect(await file.fetch({ maxBytes: 5_000, signal })).toEqual(Buffer.from(bytes));
  await expect(file.fetch({ maxBytes: 4_999, signal })).rejects.toMatchObject({ code: 'picture_too_large' });
  await expect(file.fetch({ maxBytes: 5_000, signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow();
  const stranger = { ...workspace, token: 'xoxb-wrong' };
  const closed = attachmentOf({ id }, stranger, { apiUrl: slack.apiUrl, say });
  await expect(closed.fetch({ maxBytes: 5_000, signal })).rejects.toThrow(say.refusal.pictureNotReadable);
});

test('the pictures of a message count; other files do not', () => {
  const files = [
    { id: 'F1', mimetype: 'text/plain' },
    { id: 'F2', mimetype: 'image/png' },
    { id: 'F3', mimetype: null },
  ];
  expect(picturesAmong(files).map(({ id }) => id)).toEqual(['F2', 'F3']);
  expect(picturesAmong([{ id: 'F1', mimetype: 'application/pdf' }])).toEqual([]);
  expect(picturesAmong(undefined)).toEqual([]);
});
