import { renderCommand } from '../command-book.ts';
import type { Platform } from '../platform.ts';
import { refusals } from '../refusal.ts';
import { renderUser } from '../render/guild.ts';
import { type Call, noContent, ok, type Route, route } from '../routing.ts';

const dayMs = 86_400_000;
/** Bits of an application's flags that say which privileged intents it has. */
const applicationFlags = { members: 1 << 15, content: 1 << 19, presence: 1 << 13 } as const;

function renderApplication({ application }: Platform) {
  const { id, name, bot, privilegedIntents } = application;
  return {
    id,
    name,
    icon: null,
    description: '',
    summary: '',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    bot: renderUser(bot),
    team: null,
    owner: renderUser(bot),
    flags:
      ((privilegedIntents & (1 << 15)) === 0 ? 0 : applicationFlags.content) |
      ((privilegedIntents & (1 << 1)) === 0 ? 0 : applicationFlags.members) |
      ((privilegedIntents & (1 << 8)) === 0 ? 0 : applicationFlags.presence),
    integration_types_config: {
      0: { oauth2_install_params: { scopes: ['applications.commands', 'bot'], permissions: '0' } },
      1: { oauth2_install_params: { scopes: ['applications.commands'], permissions: '0' } },
    },
  };
}

/** The shelf of commands that a path names; a server's is only open to an app that was added there with commands. */
function shelf(call: Call): string | null {
  const { platform } = call;
  if (call.param('application') !== platform.application.id) throw refusals.unknownApplication();
  const guildId = call.param('guild') || null;
  if (guildId !== null && platform.world.guilds.get(guildId)?.hasCommands !== true) throw refusals.missingAccess();
  return guildId;
}

function commandRoutes(base: '' | '/guilds/:guild'): readonly Route[] {
  const path = `applications/:application${base}/commands` as const;
  const show = (call: Call) => (command: Parameters<typeof renderCommand>[0]) =>
    renderCommand(command, call.platform.application.id, call.query.get('with_localizations') !== 'false');
  const writing = { bucket: 'commands' } as const;
  return [
    route(`GET /${path}`, (call) => ok(call.platform.commands.list(shelf(call)).map(listed(call)))),
    route(
      `PUT /${path}`,
      (call) => ok(call.platform.commands.overwrite(shelf(call), call.json).map(show(call))),
      writing,
    ),
    route(
      `POST /${path}`,
      (call) => {
        const { command, isNew } = call.platform.commands.create(shelf(call), call.json);
        return { status: isNew ? 201 : 200, body: show(call)(command) };
      },
      writing,
    ),
    route(`GET /${path}/:command`, (call) => {
      const command = call.platform.commands.list(shelf(call)).find(({ id }) => id === call.param('command'));
      if (command === undefined) throw refusals.unknownCommand();
      return ok(show(call)(command));
    }),
    route(
      `PATCH /${path}/:command`,
      (call) => ok(show(call)(call.platform.commands.edit(shelf(call), call.param('command'), call.json))),
      writing,
    ),
    route(
      `DELETE /${path}/:command`,
      (call) => {
        call.platform.commands.remove(shelf(call), call.param('command'));
        return noContent;
      },
      writing,
    ),
  ];
}

/** Translations are only listed when they are asked for. */
function listed(call: Call) {
  return (command: Parameters<typeof renderCommand>[0]) =>
    renderCommand(command, call.platform.application.id, call.query.get('with_localizations') === 'true');
}

/** The app itself, its commands and its way to the gateway. */
export const applicationRoutes: readonly Route[] = [
  route('GET /gateway', ({ platform }) => ok({ url: platform.gateway.url }), { open: true }),
  route(
    'GET /gateway/bot',
    ({ platform }) => {
      const { options, startsLeft } = platform.gateway;
      return ok({
        url: platform.gateway.url,
        shards: options.shards,
        session_start_limit: {
          total: options.sessionStarts,
          remaining: startsLeft,
          reset_after: startsLeft === options.sessionStarts ? 0 : dayMs,
          max_concurrency: options.maxConcurrency,
        },
      });
    },
    { bucket: 'gateway' },
  ),
  route('GET /applications/@me', ({ platform }) => ok(renderApplication(platform))),
  route('GET /oauth2/applications/@me', ({ platform }) => ok(renderApplication(platform))),
  ...commandRoutes(''),
  ...commandRoutes('/guilds/:guild'),
];
