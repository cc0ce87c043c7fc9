import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../../commands/index.ts';
import { parseConfig } from '../../../src/config.ts';
import { renderSlackManifest } from '../../../src/platforms/slack/manifest.ts';
import { registerSlack } from '../../../src/platforms/slack/register.ts';

test('the manifest of Socket Mode needs no address', () => {
  const manifest = renderSlackManifest(commands, { publicUrl: null, installable: false });
  expect(manifest.settings.socket_mode_enabled).toBe(true);
  expect(JSON.stringify(manifest)).not.toContain('request_url');
  expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual(['/imagine', '/quartet']);
  expect(manifest.features.shortcuts.map(({ type }) => type).toSorted()).toEqual(['global', 'message']);
});

test('the manifest of HTTP mode has the address in every place where Slack asks for it', () => {
  const manifest = renderSlackManifest(commands, { publicUrl: 'https://bot.example', installable: true });
  const events = 'https://bot.example/slack/events';
  expect(manifest.settings.event_subscriptions).toMatchObject({ request_url: events });
  expect(manifest.settings.interactivity).toMatchObject({ request_url: events });
  for (const command of manifest.features.slash_commands) expect(command).toMatchObject({ url: events });
  expect(manifest.oauth_config).toMatchObject({ redirect_urls: ['https://bot.example/slack/oauth_redirect'] });
  expect(manifest.settings.socket_mode_enabled).toBe(false);
});

test('every text of the manifest keeps to its length', () => {
  const { features, display_information } = renderSlackManifest(commands, { publicUrl: null, installable: false });
  expect(display_information.name.length).toBeLessThanOrEqual(35);
  expect(display_information.description.length).toBeLessThanOrEqual(140);
  for (const { name, description } of features.shortcuts) {
    expect(name.length).toBeLessThanOrEqual(24);
    expect(description.length).toBeLessThanOrEqual(150);
  }
  for (const { usage_hint, description } of features.slash_commands) {
    expect(usage_hint.length).toBeLessThanOrEqual(1_000);
    expect(description.length).toBeLessThanOrEqual(2_000);
  }
});

test('registering prints the manifest, or writes it and says what to do with it', async () => {
  const config = parseConfig({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' });
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  await registerSlack(config, { publicUrl: null, file: null, print });
  expect(JSON.parse(printed[0] ?? '')).toMatchObject({ settings: { socket_mode_enabled: true } });
  const folder = await mkdtemp(join(tmpdir(), 'quartet-manifest-'));
  try {
    const file = join(folder, 'manifest.json');
    await registerSlack(config, { publicUrl: null, file, print });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(printed[0] ?? ''));
    expect(printed[1]).toContain('From a manifest');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('registering for HTTP mode asks for the address', async () => {
  const config = parseConfig({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'a-signing-secret' });
  const print = () => undefined;
  for (const publicUrl of [null, 'http://bot.example', 'https://bot.example/slack']) {
    await expect(registerSlack(config, { publicUrl, file: null, print })).rejects.toThrow('https://quartet.example');
  }
  const printed: string[] = [];
  await registerSlack(config, {
    publicUrl: 'https://bot.example/',
    file: null,
    print: (text) => void printed.push(text),
  });
  expect(printed[0]).toContain('"https://bot.example/slack/events"');
});
