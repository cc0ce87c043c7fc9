import { App, LogLevel, MemoryInstallationStore } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleManifest } from './app.ts';
import { manifestComplaints } from './manifest.ts';
import type { Json } from './refusal.ts';
import { type SlackServer, startSlackServer } from './start-slack-server.ts';

let slack: SlackServer;

beforeEach(async () => {
  slack = await startSlackServer();
});

afterEach(() => slack.close());

test('two workspaces let the same app in, each with a token of its own', async () => {
  const store = new MemoryInstallationStore();
  const clientOptions = { slackApiUrl: slack.apiUrl };
  const app = new App({
    signingSecret: slack.signingSecret,
    clientId: slack.app.clientId,
    clientSecret: slack.app.clientSecret,
    stateSecret: 'state secret',
    scopes: [...slack.app.scopes],
    installationStore: store,
    redirectUri: 'http://127.0.0.1:1/slack/oauth_redirect',
    installerOptions: {
      authorizationUrl: slack.apiUrl.replace('/api/', '/oauth/v2/authorize'),
      redirectUriPath: '/slack/oauth_redirect',
      clientOptions,
    },
    clientOptions,
    logLevel: LogLevel.ERROR,
  });
  app.command('/imagine', async ({ ack, client, command }) => {
    await ack();
    await client.chat.postMessage({ channel: command.channel_id, text: `Hello ${command.team_id}` });
  });
  const server = (await app.start({ host: '127.0.0.1', port: 0 })) as { address(): { port: number } };
  const root = `http://127.0.0.1:${server.address().port}`;
  const elsewhere = slack.addTeam('Elsewhere', { installed: false });
  const carol = slack.addPerson('carol', { team: elsewhere });
  const square = slack.addChannel('square', { team: elsewhere, members: [carol] });
  await slack.postTo(`${root}/slack/events`);
  expect((await carol.slash(square, '/imagine', 'a boat')).refusal).toBe('/imagine is not a valid command.');

  for (const person of [slack.alice, carol]) {
    const page = await person.installs(`${root}/slack/install`, { redirectedTo: root });
    expect(page.status).toBe(200);
  }

  expect((await slack.alice.slash(slack.general, '/imagine', 'a boat')).refusal).toBeNull();
  expect((await carol.slash(square, '/imagine', 'a boat')).refusal).toBeNull();
  await slack.untilMessage(slack.general, 'an answer', ({ text }) => text === `Hello ${slack.team.id}`);
  await slack.untilMessage(square, 'an answer', ({ text }) => text === `Hello ${elsewhere.id}`);
  await slack.until('everything to be heard', () => slack.deliveries.every(({ receipt }) => receipt !== null));
  await app.stop();
});

test('a manifest is checked: lengths, scopes for what it asks, addresses without Socket Mode', () => {
  expect(manifestComplaints(sampleManifest)).toEqual([]);
  const manifest = structuredClone(sampleManifest) as Json & {
    display_information: { name: string };
    oauth_config: { scopes: { bot: string[] } };
    settings: { socket_mode_enabled: boolean };
  };
  manifest.oauth_config.scopes.bot = ['chat:write'];
  manifest.settings.socket_mode_enabled = false;
  const complaints = manifestComplaints(manifest).map(({ message, pointer }) => `${pointer}: ${message}`);
  expect(complaints).toContain('/oauth_config/scopes/bot: scope commands is needed');
  expect(complaints).toContain('/oauth_config/scopes/bot: scope app_mentions:read is needed');
  expect(complaints).toContain('/features/slash_commands/0/url: url is needed');
  expect(complaints).toContain('/settings/event_subscriptions/request_url: request_url is needed');
  manifest.display_information.name = 'x'.repeat(36);
  expect(manifestComplaints(manifest).map(({ pointer }) => pointer)).toEqual(['/display_information/name']);
});

test('a manifest can be sent, and changes what the app may do', async () => {
  const send = async (method: string, body: Json) => {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      authorization: `Bearer ${slack.app.configurationToken}`,
    };
    const response = await fetch(slack.apiUrl + method, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Json;
  };
  expect(await send('apps.manifest.validate', { manifest: JSON.stringify(sampleManifest) })).toEqual({ ok: true });
  expect(await send('apps.manifest.validate', { manifest: '{}' })).toMatchObject({ error: 'invalid_manifest' });
  const features = { ...(sampleManifest.features as Json), slash_commands: [] };
  const manifest = JSON.stringify({ ...sampleManifest, features });
  expect(await send('apps.manifest.update', { app_id: slack.app.id, manifest })).toMatchObject({ ok: true });
  expect((await slack.alice.slash(slack.general, '/imagine', '')).refusal).toBe('/imagine is not a valid command.');
});

test('an app that is taken out is told, and its token is dead', async () => {
  slack.uninstall(slack.team);
  const told = slack.deliveries.map(({ envelope }) => (envelope.payload.event as Json).type);
  expect(told).toEqual(['tokens_revoked', 'app_uninstalled']);
});
