import { expect, test } from 'vitest';
import type { InstallationShelf } from '../../../src/platforms/slack/installations.ts';
import type { SlackServer } from '../../servers/slack/start-slack-server.ts';
import { partOf, secret, useSlack } from './open-slack.ts';

const open = useSlack();

/** A shelf like the database's, in memory. */
function createShelf() {
  const kept = new Map<string, string>();
  const { promise: emptied, resolve } = Promise.withResolvers<void>();
  return {
    kept,
    emptied,
    read: async (workspace: string) => kept.get(workspace) ?? null,
    write: async (workspace: string, sealed: string) => void kept.set(workspace, sealed),
    async remove(workspace: string) {
      kept.delete(workspace);
      resolve();
    },
  };
}

function installable(shelf: InstallationShelf) {
  return {
    mode: 'http',
    installable: (slack: SlackServer) => ({
      clientId: slack.app.clientId,
      clientSecret: slack.app.clientSecret,
      shelf,
      secret,
    }),
  } as const;
}

test('a workspace installs the bot, which then draws there, also after a restart', async () => {
  const shelf = createShelf();
  const world = await open(installable(shelf));
  const { slack, url } = world;
  const team = slack.addTeam('Lagoon', { installed: false });
  const carol = slack.addPerson('carol', { team });
  const channel = slack.addChannel('reef', { team, members: [carol] });
  const page = await carol.installs(new URL('/slack/install', url).href);
  expect(page.status).toBe(200);
  expect(page.text).toContain('Quartet is installed');
  await carol.slash(channel, '/imagine', 'a red boat');
  await slack.until('pictures', () => slack.messages(channel).some(({ files }) => files.length === 4));
  const again = await world.restart();
  await carol.mentions(channel, 'a blue boat');
  await slack.until(
    'more',
    () => slack.messages(channel).filter(({ metadata }) => partOf(metadata) === 'buttons').length === 2,
  );
  expect(again.engine.requests).toHaveLength(1);
});

test('tokens are sealed at rest, and forgotten when the workspace takes the bot out', async () => {
  const shelf = createShelf();
  const { slack, url } = await open(installable(shelf));
  const team = slack.addTeam('Lagoon', { installed: false });
  const carol = slack.addPerson('carol', { team });
  await carol.installs(new URL('/slack/install', url).href);
  const sealed = shelf.kept.get(team.id) ?? '';
  expect(sealed).not.toBe('');
  expect(sealed).not.toContain(team.botToken);
  expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('xoxb');
  slack.uninstall(team);
  await shelf.emptied;
  expect(shelf.kept.size).toBe(0);
});

test('a link that another browser began, or an old one, installs nothing', async () => {
  const shelf = createShelf();
  const { url } = await open(installable(shelf));
  const begun = await fetch(new URL('/slack/install', url), { redirect: 'manual' });
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
  expect(begun.headers.getSetCookie()[0]).toMatch(/HttpOnly/i);
  const back = new URL('/slack/oauth_redirect', url);
  back.search = new URLSearchParams({ code: 'a code', state }).toString();
  expect((await fetch(back)).status).toBe(400);
  back.search = new URLSearchParams({ code: 'a code', state: `${state}x` }).toString();
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  expect((await fetch(back, { headers: { cookie } })).status).toBe(400);
  expect(shelf.kept.size).toBe(0);
});
