import type { Json } from './refusal.ts';

/** The one app that this Slack knows: what its configuration page would show. */
export interface SlackApp {
  readonly id: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly signingSecret: string;
  readonly appToken: string;
  /** For `apps.manifest.*`. */
  readonly configurationToken: string;
  readonly manifest: Json;
  readonly scopes: readonly string[];
  /** Events that it is told of. */
  readonly events: ReadonlySet<string>;
  readonly commands: ReadonlyMap<string, { readonly escapes: boolean }>;
  readonly shortcuts: ReadonlyMap<string, 'global' | 'message'>;
  readonly messagesTab: boolean;
  readonly homeTab: boolean;
}

interface ManifestShape {
  readonly features?: {
    readonly app_home?: { readonly home_tab_enabled?: boolean; readonly messages_tab_enabled?: boolean };
    readonly slash_commands?: readonly { readonly command: string; readonly should_escape?: boolean }[];
    readonly shortcuts?: readonly { readonly type: 'global' | 'message'; readonly callback_id: string }[];
  };
  readonly oauth_config?: { readonly scopes?: { readonly bot?: readonly string[] } };
  readonly settings?: { readonly event_subscriptions?: { readonly bot_events?: readonly string[] } };
}

/** Used when a test brings no manifest of its own. */
export const sampleManifest: Json = {
  display_information: { name: 'Quartet' },
  features: {
    app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
    bot_user: { display_name: 'quartet' },
    slash_commands: [
      { command: '/imagine', description: 'Draws' },
      { command: '/quartet', description: 'Everything else' },
    ],
    shortcuts: [
      { type: 'message', name: 'Draw this', callback_id: 'draw_this', description: 'Draws the text' },
      { type: 'global', name: 'Draw', callback_id: 'draw', description: 'Asks what to draw' },
    ],
  },
  oauth_config: {
    scopes: {
      bot: [
        'app_mentions:read',
        'assistant:write',
        'channels:history',
        'channels:join',
        'channels:read',
        'chat:write',
        'chat:write.public',
        'commands',
        'files:read',
        'files:write',
        'groups:history',
        'groups:read',
        'im:history',
        'im:read',
        'im:write',
        'mpim:history',
        'mpim:read',
        'team:read',
        'users:read',
      ],
    },
  },
  settings: {
    event_subscriptions: {
      bot_events: [
        'app_home_opened',
        'app_mention',
        'app_uninstalled',
        'message.channels',
        'message.groups',
        'message.im',
        'message.mpim',
        'tokens_revoked',
      ],
    },
    interactivity: { is_enabled: true },
    socket_mode_enabled: true,
  },
};

/** Register the app that a manifest describes. */
export function registerApp(manifest: Json): SlackApp {
  // A manifest is checked by `checkManifest` before; here only the parts that matter are read.
  const { features, oauth_config, settings } = manifest as ManifestShape;
  return {
    id: 'A0QUARTET00',
    clientId: '10000000000.20000000000',
    clientSecret: 'client-secret-of-the-test-app',
    signingSecret: '8f742231b10e8888abcd99yyyzzz85a5',
    appToken: 'xapp-1-A0QUARTET00-1-app',
    configurationToken: 'xoxe.xoxp-1-configuration',
    manifest,
    scopes: oauth_config?.scopes?.bot ?? [],
    events: new Set(settings?.event_subscriptions?.bot_events),
    commands: new Map(
      (features?.slash_commands ?? []).map(({ command, should_escape }) => [
        command,
        { escapes: should_escape ?? false },
      ]),
    ),
    shortcuts: new Map((features?.shortcuts ?? []).map(({ callback_id, type }) => [callback_id, type])),
    messagesTab: features?.app_home?.messages_tab_enabled ?? false,
    homeTab: features?.app_home?.home_tab_enabled ?? false,
  };
}
