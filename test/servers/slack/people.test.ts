import type { App } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBolt } from './open-bolt.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';
import type { SlackMessage } from './world.ts';

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

const button = (action_id: string, text: string, value = 'one') => ({
  type: 'actions' as const,
  elements: [{ type: 'button' as const, action_id, text: { type: 'plain_text' as const, text }, value }],
});

test('a mention comes twice: as a mention and as a message, with what people type escaped', async () => {
  const heard: string[] = [];
  bolt.event('app_mention', async ({ event }) => void heard.push(`mention ${event.text}`));
  bolt.message(async ({ message }) => void heard.push(`message ${'text' in message ? message.text : ''}`));
  await bolt.start();

  const { receipts } = await slack.alice.mentions(slack.general, 'a <red> boat & @bob');

  expect(receipts.map(({ outcome }) => outcome)).toEqual(['acknowledged', 'acknowledged']);
  const text = `<@${slack.team.botUser}> a &lt;red&gt; boat &amp; <@${slack.bob.id}>`;
  await slack.until('both to be heard', () => heard.length === 2);
  expect(heard.toSorted()).toEqual([`mention ${text}`, `message ${text}`]);
});

test('a message in a thread says whose thread it is; a channel without the bot is silent', async () => {
  const heard: object[] = [];
  bolt.message(async ({ message }) => void heard.push(message));
  await bolt.start();
  const { message } = await slack.alice.says(slack.general, 'a boat');
  await slack.bob.says(slack.general, '!imagine a red boat', { thread: message });
  const elsewhere = slack.addChannel('elsewhere', { withBot: false, members: [slack.alice] });
  expect((await slack.alice.says(elsewhere, 'hello')).receipts).toEqual([]);

  await slack.until('both to be heard', () => heard.length === 2);
  expect(heard).toMatchObject([
    { text: 'a boat', user: slack.alice.id, channel_type: 'channel' },
    { text: '!imagine a red boat', thread_ts: message.ts, parent_user_id: slack.alice.id },
  ]);
});

test('somebody talks to the bot alone and sends a picture along', async () => {
  let name: string | undefined;
  bolt.message(async ({ message, say }) => {
    if (message.subtype !== 'file_share') return;
    name = message.files?.[0]?.name ?? undefined;
    await say('What a fine picture');
  });
  await bolt.start();

  await slack.alice.says(slack.alice.direct(), 'like this', {
    files: [{ name: 'sketch.png', bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47]) }],
  });

  const answer = await slack.untilMessage(slack.alice.direct(), 'an answer', ({ botId }) => botId !== null);
  expect([name, answer.text]).toEqual(['sketch.png', 'What a fine picture']);
});

test('a button tells who pressed it where, and its message is replaced over the response url', async () => {
  bolt.action('again', async ({ ack, respond, action, body }) => {
    await ack();
    const value = 'value' in action ? action.value : '';
    await respond({ replace_original: true, text: `${body.user.id} wants ${value} again` });
    await respond({ text: 'Only you see this' });
  });
  await bolt.start();
  await bolt.client.chat.postMessage({
    channel: slack.general.id,
    text: 'Done',
    blocks: [button('again', 'Again & more')],
  });
  const message = slack.messages(slack.general)[0] as SlackMessage;

  const outcome = await slack.bob.press(message, 'Again & more');

  expect(outcome.refusal).toBeNull();
  await slack.until('the note', () => slack.bob.notes(slack.general).length === 1);
  expect(slack.bob.notes(slack.general)[0]).toMatchObject({ text: 'Only you see this', from: 'app' });
  expect(slack.alice.notes(slack.general)).toEqual([]);
  expect(message.text).toBe(`${slack.bob.id} wants one again`);
  await expect(slack.bob.press(message, 'Again')).rejects.toThrow('Expected a button "Again", got no buttons');
});

test('an answer with the acknowledgement of a command is a note to whoever typed it', async () => {
  bolt.command('/quartet', async ({ ack }) => await ack('You have no jobs'));
  await bolt.start();
  await slack.alice.slash(slack.general, '/quartet', 'queue');
  expect(slack.alice.notes(slack.general).map(({ text }) => text)).toEqual(['You have no jobs']);
});

test('slash commands are refused in threads, when unknown, and when nobody listens', async () => {
  await bolt.start();
  await bolt.stop();
  await slack.until('the socket to close', () => slack.sockets.connections === 0);
  const { message } = await slack.alice.says(slack.general, 'hello');
  const inThread = await slack.alice.slash(slack.general, '/imagine', 'a boat', { thread: message });
  expect(inThread).toMatchObject({ receipt: null, refusal: '/imagine is not supported in threads. Sorry!' });
  expect(await slack.alice.slash(slack.general, '/paint', '')).toMatchObject({
    refusal: '/paint is not a valid command.',
  });
  expect(await slack.alice.slash(slack.general, '/imagine', 'a boat')).toMatchObject({
    refusal: '/imagine failed with the error "dispatch_failed"',
  });
  expect(slack.alice.notes(slack.general).map(({ from }) => from)).toEqual(['slackbot', 'slackbot', 'slackbot']);
});

test('a command that is acknowledged too late has failed for the person, and the late answer is seen', async () => {
  const { promise: late, resolve: goOn } = Promise.withResolvers<void>();
  bolt.command('/imagine', async ({ ack }) => {
    await late;
    await ack();
  });
  await bolt.start();
  const outcome = slack.alice.slash(slack.general, '/imagine', 'a boat');
  await slack.until('the command to arrive', () => slack.deliveries.length === 1);
  slack.state.clock.advance(3000);
  expect(await outcome).toMatchObject({ refusal: '/imagine failed with the error "operation_timeout"' });
  goOn();
  await slack.until('the late answer', () => (slack.deliveries[0]?.lateAfterMs ?? 0) >= 3000);
});

test('a shortcut opens a modal that is corrected, sent, and closed', async () => {
  bolt.shortcut('draw_this', async ({ ack, shortcut, client }) => {
    await ack();
    const field = {
      type: 'input' as const,
      block_id: 'prompt',
      label: { type: 'plain_text' as const, text: 'Prompt' },
      element: {
        type: 'plain_text_input' as const,
        action_id: 'text',
        initial_value: 'message' in shortcut ? shortcut.message.text : '',
      },
    };
    await client.views.open({
      trigger_id: shortcut.trigger_id,
      view: {
        type: 'modal',
        callback_id: 'edit',
        title: { type: 'plain_text', text: 'Draw' },
        submit: { type: 'plain_text', text: 'Draw' },
        blocks: [field],
      },
    } as never);
  });
  const seen: unknown[] = [];
  bolt.view('edit', async ({ ack, view }) => {
    const text = view.state.values.prompt?.text?.value;
    seen.push(text);
    if (text === 'bad') await ack({ response_action: 'errors', errors: { prompt: 'Not that' } });
    else await ack();
  });
  await bolt.start();
  const { message } = await slack.alice.says(slack.general, 'a boat');

  await slack.bob.messageShortcut(message, 'draw_this');
  const modal = await slack.until('the modal', () => slack.bob.modal());

  expect(await slack.bob.submits(modal, { Prompt: 'bad' })).toMatchObject({
    errors: { prompt: 'Not that' },
    view: modal,
  });
  await expect(slack.bob.submits(modal, { text: '' })).rejects.toThrow('Slack\'s window refuses an empty "Prompt"');
  expect(await slack.bob.submits(modal)).toMatchObject({ errors: null, view: null });
  expect(seen).toEqual(['bad', 'a boat']);
  expect(slack.bob.modal()).toBeNull();
});

test('a trigger is good once, and for three seconds', async () => {
  await bolt.start();
  const view = { type: 'modal', title: { type: 'plain_text', text: 'Draw' }, blocks: [] } as const;
  bolt.shortcut('draw', async ({ ack }) => await ack());
  const { triggerId } = await slack.alice.globalShortcut('draw');
  const open = (trigger_id: string | null) => bolt.client.views.open({ trigger_id, view } as never);
  await open(triggerId);
  await expect(open(triggerId)).rejects.toThrow('exchanged_trigger_id');
  const { triggerId: second } = await slack.alice.globalShortcut('draw');
  slack.state.clock.advance(3001);
  await expect(open(second)).rejects.toThrow('expired_trigger_id');
  await expect(open('1.2.3')).rejects.toThrow('invalid_trigger_id');
});

test('the home tab shows what the app published for this person', async () => {
  bolt.event('app_home_opened', async ({ event, client }) => {
    const text = { type: 'mrkdwn' as const, text: `Hello <@${event.user}>` };
    await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'section', text }] } });
  });
  await bolt.start();
  expect(await slack.alice.opensHome()).toBeNull();
  const home = await slack.until('the home tab', () => slack.alice.home());
  expect(home.content).toMatchObject({ blocks: [{ text: { text: `Hello <@${slack.alice.id}>` } }] });
  expect(slack.bob.home()).toBeNull();
});

test('a response url takes five answers, text only, for half an hour', async () => {
  bolt.command('/imagine', async ({ ack }) => await ack());
  await bolt.start();
  const { responseUrl } = await slack.alice.slash(slack.general, '/imagine', 'a boat');
  const answer = async (url: string | null, body: object) => {
    const response = await fetch(url as string, { method: 'POST', body: JSON.stringify(body) });
    return `${response.status} ${await response.text()}`;
  };
  expect(await answer(responseUrl, { text: 'a file', files: [] })).toBe('400 invalid_payload');
  for (let times = 1; times < 5; times += 1) expect(await answer(responseUrl, { text: 'hello' })).toBe('200 ok');
  expect(await answer(responseUrl, { text: 'once more' })).toBe('404 no_service');
  const { responseUrl: second } = await slack.alice.slash(slack.general, '/imagine', 'a boat');
  expect(await answer(second, { text: 'for all', response_type: 'in_channel' })).toBe('200 ok');
  slack.state.clock.advance(30 * 60_000 + 1);
  expect(await answer(second, { text: 'too late' })).toBe('404 no_service');
  expect(slack.messages(slack.general).map(({ text }) => text)).toEqual(['for all']);
});
