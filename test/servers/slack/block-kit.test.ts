import type { webApi } from '@slack/bolt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from './open-bolt.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';

let slack: SlackServer;
let client: webApi.WebClient;

beforeAll(async () => {
  slack = await startSlackServer({ pace: 1000, shareDelayMs: 0 });
  client = createClient(slack, slack.botToken);
});

afterAll(() => slack.close());

const text = (length: number) => ({ type: 'plain_text', text: 'x'.repeat(length) });
const button = (more: object = {}) => ({ type: 'button', text: text(75), ...more });
const actions = (...elements: object[]) => ({ type: 'actions', elements });

/** Null when the blocks were taken, else the first complaint. */
async function complaint(...blocks: object[]): Promise<string | null> {
  try {
    await client.chat.postMessage({ channel: slack.general.id, text: 'hi', blocks: blocks as never });
    return null;
  } catch (error) {
    const { data } = error as { data: { error: string; errors: string[] } };
    expect(data.error).toBe('invalid_blocks');
    return data.errors[0] as string;
  }
}

test.each([
  ['a button of 75 characters', [actions(button({ action_id: 'a'.repeat(255), value: 'v'.repeat(2000) }))], null],
  [
    'a longer one',
    [actions({ type: 'button', text: text(76) })],
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
  ],
  [
    'a long value',
    [actions(button({ value: 'v'.repeat(2001) }))],
    'must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]',
  ],
  [
    'a long action id',
    [actions(button({ action_id: 'a'.repeat(256) }))],
    'must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]',
  ],
  ['25 elements', [actions(...Array.from({ length: 25 }, () => button()))], null],
  [
    '26 elements',
    [actions(...Array.from({ length: 26 }, () => button()))],
    'no more than 25 items allowed [json-pointer:/blocks/0/elements]',
  ],
  ['50 blocks', Array.from({ length: 50 }, () => ({ type: 'divider' })), null],
  [
    '51 blocks',
    Array.from({ length: 51 }, () => ({ type: 'divider' })),
    'no more than 50 items allowed [json-pointer:/blocks]',
  ],
  ['a section of 3000 characters', [{ type: 'section', text: text(3000) }], null],
  [
    'a longer one',
    [{ type: 'section', text: text(3001) }],
    'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'an empty text',
    [{ type: 'section', text: text(0) }],
    'must be more than 0 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'a long header',
    [{ type: 'header', text: text(151) }],
    'must be less than 151 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'marked text in a header',
    [{ type: 'header', text: { type: 'mrkdwn', text: '*hi*' } }],
    'Invalid input: expected "plain_text" [json-pointer:/blocks/0/text/type]',
  ],
  [
    'a picture without alt text',
    [{ type: 'image', image_url: 'https://example.com/a.png' }],
    'must be a valid string [json-pointer:/blocks/0/alt_text]',
  ],
  [
    'a property that there is not',
    [{ type: 'divider', colour: 'red' }],
    'invalid additional property: colour [json-pointer:/blocks/0]',
  ],
  ['a block that there is not', [{ type: 'gallery' }], 'unsupported type [json-pointer:/blocks/0/type]'],
  [
    'the same block id twice',
    [
      { type: 'divider', block_id: 'one' },
      { type: 'divider', block_id: 'one' },
    ],
    'block_id one already exists',
  ],
  [
    'the same action id twice',
    [actions(button({ action_id: 'go' }), button({ action_id: 'go' }))],
    'action_id go already exists',
  ],
])('%s', async (_what, blocks, expected) => {
  expect(await complaint(...blocks)).toBe(expected);
});

test('a picture in a block must have been shared where the block stands, and may not need a token', async () => {
  const { upload_url, file_id } = await client.files.getUploadURLExternal({ filename: 'a.png', length: 4 });
  await fetch(upload_url as string, { method: 'POST', body: new Uint8Array([0x89, 0x50, 0x4e, 0x47]) });
  const image = { type: 'image', alt_text: 'a boat', slack_file: { id: file_id } };
  const unseen = 'invalid slack file [json-pointer:/blocks/0/slack_file]';
  expect(await complaint(image)).toBe(unseen);
  const other = slack.addChannel('other');
  await client.files.completeUploadExternal({ files: [{ id: file_id as string }], channel_id: other.id });
  await slack.untilMessage(other, 'the share', () => true);
  expect(await complaint(image)).toBe(unseen);
  const { file } = await client.files.info({ file: file_id as string });
  expect(file?.mimetype).toBe('image/png');
  expect(await complaint({ type: 'image', alt_text: 'a boat', image_url: file?.url_private })).toBe(
    'downloading image failed [json-pointer:/blocks/0/image_url]',
  );
  await client.chat.postMessage({ channel: other.id, text: 'here', blocks: [image] as never });
});

test('a home tab has 100 blocks; a modal a title of 24 characters, and a button where it asks for something', async () => {
  const complaintOf = async (call: Promise<unknown>) => {
    try {
      await call;
      return null;
    } catch (error) {
      const { data } = error as { data: { error: string; response_metadata: { messages: string[] } } };
      expect(data.error).toBe('invalid_arguments');
      return data.response_metadata.messages[0];
    }
  };
  const dividers = (length: number) => Array.from({ length }, () => ({ type: 'divider' }));
  const publish = (blocks: object[]) =>
    complaintOf(client.views.publish({ user_id: slack.alice.id, view: { type: 'home', blocks } as never }));
  expect(await publish(dividers(100))).toBeNull();
  expect(await publish(dividers(101))).toBe('[ERROR] no more than 100 items allowed [json-pointer:/view/blocks]');

  const open = async (title: number, more: object) => {
    const { triggerId } = await slack.alice.globalShortcut('draw');
    const view = { type: 'modal', title: text(title), blocks: dividers(1), ...more };
    return await complaintOf(client.views.open({ trigger_id: triggerId as string, view: view as never }));
  };
  const input = { type: 'input', label: text(10), element: { type: 'plain_text_input' } };
  expect(await open(24, {})).toBeNull();
  expect(await open(25, {})).toBe('[ERROR] must be less than 25 characters [json-pointer:/view/title/text]');
  expect(await open(24, { blocks: [input] })).toBe('[ERROR] missing required field: submit [json-pointer:/view]');
  expect(await open(24, { blocks: [input], submit: text(24) })).toBeNull();
});
