import { botSees } from '../announce.ts';
import { guildPermissions } from '../permissions.ts';
import { refusals } from '../refusal.ts';
import { renderChannel, renderGuild, renderMember, renderRole, renderUser } from '../render/guild.ts';
import { type Call, ok, type Route, route } from '../routing.ts';
import { type Guild, isThread } from '../world.ts';

/** A server that the bot is in. */
function guildOf({ platform, param }: Call): Guild {
  const guild = platform.world.guilds.get(param('guild'));
  if (guild === undefined) throw refusals.unknownGuild();
  if (!guild.members.has(platform.application.bot.id)) throw refusals.missingAccess();
  return guild;
}

function memberOf(call: Call, id: string) {
  const guild = guildOf(call);
  const member = guild.members.get(id);
  if (member === undefined) throw call.platform.world.users.has(id) ? refusals.unknownMember() : refusals.unknownUser();
  return { ...renderMember(member), user: renderUser(member.user) };
}

function channelsOf(call: Call, threads: boolean) {
  const guild = guildOf(call);
  return [...call.platform.world.channels.values()].filter(
    (channel) => channel.guildId === guild.id && isThread(channel) === threads,
  );
}

/** Servers, their channels and members; and users. */
export const guildRoutes: readonly Route[] = [
  route('GET /guilds/:guild', (call) => ok(renderGuild(guildOf(call)))),
  route('GET /guilds/:guild/channels', (call) => ok(channelsOf(call, false).map(renderChannel))),
  route('GET /guilds/:guild/roles', (call) => {
    const guild = guildOf(call);
    return ok([...guild.roles.values()].map((role) => renderRole(role, guild)));
  }),
  route('GET /guilds/:guild/threads/active', (call) => {
    const threads = channelsOf(call, true).filter((thread) => !thread.archived && botSees(call.platform, thread));
    return ok({ threads: threads.map(renderChannel), members: [] });
  }),
  route('GET /guilds/:guild/members/:user', (call) => ok(memberOf(call, call.param('user')))),
  route('GET /users/@me', ({ platform }) =>
    ok({ ...renderUser(platform.application.bot), verified: true, mfa_enabled: false }),
  ),
  route('GET /users/@me/guilds', ({ platform }) => {
    const { bot } = platform.application;
    const mine = [...platform.world.guilds.values()].filter((guild) => guild.members.has(bot.id));
    return ok(
      mine.map((guild) => ({
        id: guild.id,
        name: guild.name,
        icon: null,
        owner: false,
        permissions: String(guildPermissions(guild, bot)),
        features: [],
      })),
    );
  }),
  route('GET /users/@me/guilds/:guild/member', (call) => ok(memberOf(call, call.platform.application.bot.id))),
  route('GET /users/:user', (call) => {
    const user = call.platform.world.users.get(call.param('user'));
    if (user === undefined) throw refusals.unknownUser();
    return ok(renderUser(user));
  }),
];
