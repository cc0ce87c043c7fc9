import type { App } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBolt } from './open-bolt.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';

let slack: SlackServer;
let bolt: App;

beforeEach(async () => {
  slack = await startSlackServer();
  bolt = createBolt(slack);
});

afterEach(async () => {
  await bolt.stop();
  await slack.close();
});

test('a slash command arrives over a socket, is acknowledged, answered, and the answer is edited', async () => {
  bolt.command('/imagine', async ({ ack, command, client }) => {
    await ack();
    const { ts } = await client.chat.postMessage({ channel: command.channel_id, text: `Drawing ${command.text}` });
    await client.chat.update({ channel: command.channel_id, ts: ts as string, text: `Drew ${command.text}` });
  });
  await bolt.start();

  const outcome = await slack.alice.slash(slack.general, '/imagine', 'a lighthouse');

  expect(outcome).toMatchObject({ refusal: null, receipt: { outcome: 'acknowledged', body: null } });
  const message = await slack.until('the edit', () =>
    slack.messages(slack.general).find(({ text }) => text === 'Drew a lighthouse'),
  );
  expect(message).toMatchObject({ user: slack.team.botUser, markedEdited: true });
  expect(message.versions.map(({ text }) => text)).toEqual(['Drawing a lighthouse', 'Drew a lighthouse']);
});

test('four files come as one message, a little after the upload said ok', async () => {
  await bolt.start();
  const bytes = [1, 2, 3, 4].map((size) => new Uint8Array(size * 10).fill(size));
  const files = await Promise.all(
    bytes.map(async (content, at) => {
      const { upload_url, file_id } = await bolt.client.files.getUploadURLExternal({
        filename: `${at}.png`,
        length: content.length,
        alt_txt: `picture ${at}`,
      } as never);
      const answer = await fetch(upload_url as string, { method: 'POST', body: content });
      expect(await answer.text()).toBe(`OK - ${content.length}`);
      return { id: file_id as string, title: `Picture ${at}` };
    }),
  );

  const done = await bolt.client.files.completeUploadExternal({
    files: files as [(typeof files)[0]],
    channel_id: slack.general.id,
    initial_comment: 'Four boats',
  });

  expect(done.files?.map(({ shares }) => shares)).toEqual([{}, {}, {}, {}]);
  expect(slack.messages(slack.general)).toEqual([]);
  const [message] = await slack.until('the share', () => {
    const all = slack.messages(slack.general);
    return all.length > 0 && all;
  });
  expect(message?.text).toBe('Four boats');
  expect(message?.files.map(({ name, title, altText }) => [name, title, altText])).toEqual([
    ['0.png', 'Picture 0', 'picture 0'],
    ['1.png', 'Picture 1', 'picture 1'],
    ['2.png', 'Picture 2', 'picture 2'],
    ['3.png', 'Picture 3', 'picture 3'],
  ]);
  const info = await bolt.client.files.info({ file: files[3]?.id as string });
  expect(info.file?.shares?.public?.[slack.general.id]?.[0]).toMatchObject({ ts: message?.ts });
  const { url_private: url } = info.file ?? {};
  const download = await fetch(url as string, { headers: { authorization: `Bearer ${slack.botToken}` } });
  expect(new Uint8Array(await download.arrayBuffer())).toEqual(bytes[3]);
  expect((await fetch(url as string)).headers.get('content-type')).toContain('text/html');
});
