import type { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient } from './open-bolt.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';
import type { SlackChannel, SlackView } from './world.ts';

let slack: SlackServer;
let client: webApi.WebClient;

beforeEach(async () => {
  slack = await startSlackServer({ pace: 1000 });
  client = createClient(slack, slack.botToken);
});

afterEach(() => slack.close());

/** What the platform answered: `ok`, or the error with whatever else it says. */
async function answer(method: string, args: Record<string, unknown>, as = client): Promise<unknown> {
  try {
    return (await as.apiCall(method, args)).ok === true ? 'ok' : 'not ok';
  } catch (error) {
    return (error as { data: { error: string } }).data.error;
  }
}

const post = (channel: string, more: object = {}) => answer('chat.postMessage', { channel, text: 'hello', ...more });

async function postedBy(channel: SlackChannel): Promise<string> {
  const { ts } = await client.chat.postMessage({ channel: channel.id, text: 'mine' });
  return ts as string;
}

test('tokens: none, unknown, of the wrong kind, of an app that was taken out', async () => {
  expect(await answer('auth.test', {}, createClient(slack))).toBe('not_authed');
  expect(await answer('auth.test', {}, createClient(slack, 'xoxb-unknown'))).toBe('invalid_auth');
  expect(await answer('auth.test', {}, createClient(slack, slack.appToken))).toBe('not_allowed_token_type');
  expect(await answer('apps.connections.open', {})).toBe('not_allowed_token_type');
  expect(await answer('apps.connections.open', {}, createClient(slack, 'xapp-unknown'))).toBe('invalid_auth');
  slack.uninstall(slack.team);
  expect(await answer('auth.test', {})).toBe('account_inactive');
});

test('a scope that is missing is named, with those that there are', async () => {
  slack.team.scopes = new Set(['chat:write', 'channels:history']);
  const secret = slack.addChannel('secret', { kind: 'private' });
  await expect(client.users.info({ user: slack.alice.id })).rejects.toMatchObject({
    data: { error: 'missing_scope', needed: 'users:read', provided: 'chat:write,channels:history' },
  });
  await expect(client.conversations.history({ channel: secret.id })).rejects.toMatchObject({
    data: { error: 'missing_scope', needed: 'groups:history' },
  });
  expect((await client.auth.test()).response_metadata?.scopes).toEqual(['chat:write', 'channels:history']);
});

test('channels: unknown, private and foreign, not entered, archived', async () => {
  const outside = slack.addChannel('outside', { withBot: false });
  const secret = slack.addChannel('secret', { kind: 'private', withBot: false });
  const abroad = slack.addChannel('abroad', { team: slack.addTeam('Elsewhere') });
  const old = slack.addChannel('old');
  old.archived = true;
  expect(await post('C0NOWHERE')).toBe('channel_not_found');
  expect(await post(secret.id)).toBe('channel_not_found');
  expect(await post(abroad.id)).toBe('channel_not_found');
  expect(await post(old.id)).toBe('is_archived');
  expect(await post(outside.id)).toBe('ok');
  slack.team.scopes.delete('chat:write.public');
  expect(await post(outside.id)).toBe('not_in_channel');
  expect(await answer('conversations.history', { channel: outside.id })).toBe('not_in_channel');
  expect(await answer('conversations.join', { channel: old.id })).toBe('is_archived');
  expect(await answer('conversations.join', { channel: outside.id })).toBe('ok');
  expect(await post(outside.id)).toBe('ok');
  secret.members.add(slack.team.botUser);
  expect(await answer('conversations.join', { channel: secret.id })).toBe('method_not_supported_for_channel_type');
});

test('messages: empty, too long, of others, gone, in threads that are none', async () => {
  const { general, alice } = slack;
  const mine = await postedBy(general);
  const { message: hers } = await alice.says(general, 'hers');
  expect(await post(general.id, { text: '' })).toBe('no_text');
  expect(await post(general.id, { thread_ts: 'yesterday' })).toBe('invalid_thread_ts');
  const rename = await alice.renames(general, 'harbour');
  expect(await post(general.id, { thread_ts: rename.ts })).toBe('cannot_reply_to_message');
  const update = (ts: string, text: string) => answer('chat.update', { channel: general.id, ts, text });
  expect(await update(mine, 'x'.repeat(4001))).toBe('msg_too_long');
  expect(await update(hers.ts, 'mine now')).toBe('cant_update_message');
  expect(await update('1700000000.000001', 'lost')).toBe('message_not_found');
  expect(await answer('chat.delete', { channel: general.id, ts: hers.ts })).toBe('cant_delete_message');
  expect(await answer('chat.delete', { channel: general.id, ts: mine })).toBe('ok');
  expect(await update(mine, 'gone')).toBe('message_not_found');
  expect(await answer('chat.postEphemeral', { channel: general.id, user: 'U0NOBODY', text: 'psst' })).toBe(
    'user_not_in_channel',
  );
  const warned = await client.chat.postMessage({ channel: general.id, text: 'x'.repeat(40_001) });
  expect(warned.response_metadata).toMatchObject({ warnings: ['message_truncated'] });
});

test('an answer to a message that is gone lands in the channel, and only its missing thread_ts tells', async () => {
  const { general } = slack;
  const parent = await postedBy(general);
  await client.chat.delete({ channel: general.id, ts: parent });
  const sent = await client.chat.postMessage({ channel: general.id, text: 'lost', thread_ts: parent });
  expect(sent.message?.thread_ts).toBeUndefined();
  expect(slack.messages(general).map(({ text, threadTs }) => [text, threadTs])).toEqual([['lost', null]]);
});

test('metadata is kept, given to who asks for all of it, and checked', async () => {
  const { general } = slack;
  const metadata = { event_type: 'job', event_payload: { id: 'one' } };
  const { ts } = await client.chat.postMessage({ channel: general.id, text: 'mine', metadata });
  const read = async (include_all_metadata: boolean) =>
    (await client.conversations.history({ channel: general.id, include_all_metadata })).messages?.[0]?.metadata;
  expect(await read(true)).toEqual(metadata);
  expect(await read(false)).toEqual({ event_type: 'job' });
  const update = (more: object) => answer('chat.update', { channel: general.id, ts, text: 'new', ...more });
  expect(await update({})).toBe('ok');
  expect(await read(true)).toEqual(metadata);
  expect(await update({ metadata: { event_type: 'job' } })).toBe('invalid_metadata_schema');
  expect(await update({ metadata: 'no json' })).toBe('invalid_metadata_format');
  expect(await update({ metadata: {} })).toBe('ok');
  expect(await read(true)).toBeUndefined();
});

test('uploads: no bytes, other bytes, no membership, a thread of a reply, twice', async () => {
  const { general } = slack;
  const begin = async (length = 3) =>
    (await client.files.getUploadURLExternal({ filename: 'a.png', length })) as { upload_url: string; file_id: string };
  const send = async (url: string, bytes: number) =>
    (await fetch(url, { method: 'POST', body: new Uint8Array(bytes) })).status;
  const complete = (id: string, more: object = {}) =>
    answer('files.completeUploadExternal', { files: [{ id }], channel_id: general.id, ...more });
  const { upload_url, file_id } = await begin();
  expect(await complete(file_id)).toBe('file_not_found');
  expect(await send(upload_url, 4)).toBe(400);
  expect(await send(upload_url, 3)).toBe(200);
  const outside = slack.addChannel('outside', { withBot: false });
  expect(await complete(file_id, { channel_id: outside.id })).toBe('not_in_channel');
  const parent = await postedBy(general);
  const { ts: reply } = await client.chat.postMessage({ channel: general.id, thread_ts: parent, text: 'reply' });
  expect(await complete(file_id, { thread_ts: reply })).toBe('invalid_thread_ts');
  expect(await complete(file_id, { blocks: [{ type: 'markdown', text: 'hi' }] })).toBe('internal_error');
  expect(await complete(file_id, { thread_ts: parent })).toBe('ok');
  expect(await complete(file_id)).toBe('file_not_found');
  await slack.untilMessage(general, 'the share', ({ files, threadTs }) => files.length === 1 && threadTs === parent);
  const long = { filename: 'a.png', length: 3, alt_txt: 'x'.repeat(1001) };
  expect(await answer('files.getUploadURLExternal', long)).toBe('alt_txt_too_large');
  expect(await answer('files.getUploadURLExternal', { filename: 'a.png', length: 0 })).toBe('missing_argument');
  expect(await answer('files.delete', { file: file_id })).toBe('ok');
  expect(await answer('files.info', { file: file_id })).toBe('file_deleted');
  expect(slack.messages(general).filter(({ files }) => files.length > 0)).toEqual([]);
});

test('a status needs the parent of a thread, lives two minutes, and ends with the next message', async () => {
  const { message } = await slack.alice.says(slack.general, 'a boat');
  const set = (thread_ts: string, more: object = {}) =>
    answer('assistant.threads.setStatus', { channel_id: slack.general.id, thread_ts, status: 'draws', ...more });
  expect(await set('1700000000.000001')).toBe('invalid_thread_ts');
  expect(await set(message.ts, { loading_messages: Array(11).fill('wait') })).toBe('invalid_arguments');
  expect(await set(message.ts)).toBe('ok');
  expect(slack.statusIn(message)).toBe('draws');
  slack.state.clock.advance(120_001);
  expect(slack.statusIn(message)).toBeNull();
  expect(await set(message.ts)).toBe('ok');
  expect(await post(slack.general.id, { thread_ts: message.ts })).toBe('ok');
  expect(slack.statusIn(message)).toBeNull();
});

test('what is no call: an unknown method, another content type, broken JSON', async () => {
  const call = async (method: string, body: string, type: string) => {
    const headers = { 'content-type': type, authorization: `Bearer ${slack.botToken}` };
    return await (await fetch(slack.apiUrl + method, { method: 'POST', headers, body })).json();
  };
  expect(await call('chat.shout', '{}', 'application/json; charset=utf-8')).toEqual({
    ok: false,
    error: 'unknown_method',
    req_method: 'chat.shout',
  });
  expect(await call('auth.test', '<xml/>', 'application/xml')).toMatchObject({ error: 'invalid_post_type' });
  expect(await call('auth.test', '{', 'application/json')).toMatchObject({ error: 'invalid_json' });
  expect(await call('auth.test', '{}', 'application/json')).toMatchObject({ ok: true, warning: 'missing_charset' });
  expect(await call('auth.test', 'a[0]=1', 'application/x-www-form-urlencoded')).toMatchObject({
    error: 'invalid_array_arg',
  });
});

test('pings are noted where the platform would have rung, and nowhere else', async () => {
  const section = (type: 'mrkdwn' | 'plain_text', text: string) => ({ type: 'section', text: { type, text } });
  await post(slack.general.id, { text: 'a &lt;!channel&gt; sign' });
  await post(slack.general.id, { text: 'see blocks', blocks: [section('plain_text', '<!everyone>')] });
  expect(slack.state.pings).toEqual([]);
  await post(slack.general.id, { text: `<!channel> and <@${slack.bob.id}>` });
  await post(slack.general.id, { text: 'see blocks', blocks: [section('mrkdwn', '<!here|here>')] });
  expect(slack.state.pings.map(({ what }) => what)).toEqual(['!channel', `@${slack.bob.id}`, '!here']);
});

test('a message to a person goes into the conversation with them, and has a link of its own', async () => {
  const sent = await client.chat.postMessage({ channel: slack.alice.id, text: 'psst' });
  const direct = slack.alice.direct();
  expect(sent.channel).toBe(direct.id);
  expect(slack.messages(direct).map(({ text }) => text)).toEqual(['psst']);
  const opened = await client.conversations.open({ users: slack.alice.id });
  expect(opened.channel?.id).toBe(direct.id);
  expect(await answer('conversations.open', { users: 'U0NOBODY' })).toBe('user_not_found');
  const link = await client.chat.getPermalink({ channel: direct.id, message_ts: sent.ts as string });
  expect(link.permalink).toContain(`/archives/${direct.id}/p`);
});

test('what the app may know of people and places', async () => {
  slack.addChannel('secret', { kind: 'private', withBot: false });
  slack.addChannel('studio', { kind: 'private', members: [slack.bob] });
  const list = await client.conversations.list({ types: 'public_channel,private_channel' });
  expect(list.channels?.map(({ name, is_private }) => [name, is_private])).toEqual([
    ['general', false],
    ['studio', true],
  ]);
  const { members } = await client.conversations.members({ channel: slack.general.id });
  expect(members).toEqual([slack.team.botUser, slack.alice.id, slack.bob.id]);
  const { user } = await client.users.info({ user: slack.bob.id, include_locale: true });
  expect(user).toMatchObject({ name: 'bob', locale: 'en-US', is_bot: false });
  const { bot } = await client.bots.info({ bot: slack.team.botId });
  expect(bot?.app_id).toBe(slack.app.id);
  expect(await client.auth.test()).toMatchObject({ user_id: slack.team.botUser, bot_id: slack.team.botId });
  const foreigner = slack.addPerson('zoe', { team: slack.addTeam('Elsewhere') });
  expect(await answer('users.info', { user: foreigner.id })).toBe('user_not_found');
});

test('views stack three deep, and an update that knows only the old content loses', async () => {
  const view = { type: 'modal', title: { type: 'plain_text', text: 'Draw' }, blocks: [] as never[] } as const;
  const { triggerId } = await slack.alice.globalShortcut('draw');
  const first = await client.views.open({ trigger_id: triggerId as string, view });
  const withButton = { type: 'plain_text', text: 'More' } as const;
  const blocks = [{ type: 'actions', elements: [{ type: 'button', text: withButton, action_id: 'more' }] }];
  const update = (hash: string | undefined) =>
    answer('views.update', { view_id: first.view?.id, hash, view: { ...view, blocks } });
  expect(await update(first.view?.hash)).toBe('ok');
  expect(await update(first.view?.hash)).toBe('hash_conflict');
  const push = async () => {
    const top = slack.alice.modal() as SlackView;
    const { triggerId: trigger_id } = await slack.alice.press(top, 'More');
    return await answer('views.push', { trigger_id, view: { ...view, blocks } });
  };
  expect([await push(), await push(), await push()]).toEqual(['ok', 'ok', 'push_limit_reached']);
  expect(await answer('views.update', { view_id: 'V0NOWHERE', view })).toBe('not_found');
});
