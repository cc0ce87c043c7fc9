import type { Command } from '../../../commands/define-command.ts';
import { messagesFor } from '../../messages/messages.ts';
import { truncate } from '../../messages/truncate.ts';
import { slackLimits } from './limits.ts';
import { shortcuts } from './shortcuts.ts';

/** What the bot may do, each with what it is for; `npm run doctor` looks for the same ones. */
export const botScopes = {
  'app_mentions:read': 'to be asked by a mention',
  'assistant:write': 'to show in a thread that it is busy',
  'channels:history': 'to read !imagine, and to find its own messages again after a crash',
  'channels:join': 'to join a public channel in which it is asked',
  'channels:read': 'to see whether it is in a channel',
  'chat:write': 'to answer',
  commands: 'for /imagine and /quartet',
  'files:read': 'to see that pictures were shared, and to start from pictures of people',
  'files:write': 'to share pictures',
  'groups:history': 'the same in private channels',
  'groups:read': 'the same in private channels',
  'im:history': 'the same in direct messages',
  'im:read': 'the same in direct messages',
  'im:write': 'to answer directly where it cannot write to a channel',
  'mpim:history': 'the same in group messages',
  'mpim:read': 'the same in group messages',
  'users:read': 'to speak the language of whoever asks',
} as const;

const botEvents = [
  'app_home_opened',
  'app_mention',
  'app_uninstalled',
  'message.channels',
  'message.groups',
  'message.im',
  'message.mpim',
  'tokens_revoked',
] as const;

export interface ManifestOptions {
  /** The program's public address, for HTTP mode; null for Socket Mode. */
  readonly publicUrl: string | null;
  /** Whether people of other workspaces install it at `/slack/install`. */
  readonly installable: boolean;
}

/** The app manifest: everything that Slack's configuration page asks for. Pure. */
export function renderSlackManifest(commands: readonly Command[], { publicUrl, installable }: ManifestOptions) {
  const { manifest: limits } = slackLimits;
  const eventsUrl = publicUrl === null ? {} : { url: `${publicUrl}/slack/events` };
  const requestUrl = publicUrl === null ? {} : { request_url: `${publicUrl}/slack/events` };
  // Slack's page has no languages; what the bot says itself has.
  const english = messagesFor('en');
  const imagine = commands.find(({ name }) => name === 'imagine');
  const others = commands.filter(({ name, surface }) => surface === 'slash' && name !== 'imagine');
  return {
    _metadata: { major_version: 1, minor_version: 1 },
    display_information: {
      name: 'Quartet',
      description: 'Draws what you describe, four pictures at a time',
      background_color: '#26304a',
    },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      bot_user: { display_name: 'Quartet', always_online: true },
      slash_commands: [
        {
          command: '/imagine',
          ...eventsUrl,
          description: truncate(
            imagine?.text(english).description ?? 'Draw what you describe',
            limits.commandDescription,
          ),
          usage_hint: 'a red lighthouse at dusk style:watercolour seed:7',
          should_escape: false,
        },
        {
          command: '/quartet',
          ...eventsUrl,
          description: 'Queue, history, settings and everything else',
          usage_hint: others.map(({ name }) => name).join(' | '),
          should_escape: false,
        },
      ],
      shortcuts: Object.values(shortcuts).map(({ id, type, name, description }) => ({
        name: truncate(name, limits.shortcutName),
        type,
        callback_id: id,
        description,
      })),
    },
    oauth_config: {
      ...(installable && publicUrl !== null ? { redirect_urls: [`${publicUrl}/slack/oauth_redirect`] } : {}),
      scopes: { bot: Object.keys(botScopes) },
    },
    settings: {
      event_subscriptions: { ...requestUrl, bot_events: [...botEvents] },
      interactivity: { is_enabled: true, ...requestUrl },
      org_deploy_enabled: false,
      socket_mode_enabled: publicUrl === null,
      token_rotation_enabled: false,
    },
  };
}
