import { type Json, Refusal } from '../refusal.ts';
import type { SlackUser } from '../world.ts';
import type { Method } from './method.ts';

/** auth.test, users.info, bots.info, team.info */
export const peopleMethods = {
  'auth.test': {
    tier: 'special',
    scopes: [],
    run({ platform, team }) {
      return {
        url: `https://${team.domain}.slack.com/`,
        team: team.name,
        user: 'quartet',
        team_id: team.id,
        user_id: team.botUser,
        bot_id: team.botId,
        is_enterprise_install: false,
        app_id: platform.app.id,
      };
    },
  },

  'users.info': {
    tier: 'tier4',
    scopes: ['users:read'],
    run({ platform, team, args }) {
      const user = platform.world.users.get(args.required('user'));
      if (user?.team !== team.id) throw new Refusal('user_not_found');
      return { user: { ...toUserJson(user), ...(args.flag('include_locale') ? { locale: user.locale } : {}) } };
    },
  },

  'bots.info': {
    tier: 'tier3',
    scopes: ['users:read'],
    run({ platform, team, args }) {
      if (args.text('bot') !== team.botId) throw new Refusal('bot_not_found');
      const bot = { id: team.botId, deleted: false, name: 'quartet', app_id: platform.app.id, user_id: team.botUser };
      return { bot };
    },
  },

  'team.info': {
    tier: 'tier3',
    scopes: ['team:read'],
    run: ({ team }) => ({ team: { id: team.id, name: team.name, domain: team.domain } }),
  },
} as const satisfies Record<string, Method>;

function toUserJson(user: SlackUser): Json {
  return {
    id: user.id,
    team_id: user.team,
    name: user.name,
    deleted: false,
    real_name: user.realName,
    is_bot: user.isBot,
    is_admin: false,
    tz: 'Europe/London',
    profile: { real_name: user.realName, display_name: user.name, team: user.team },
  };
}
