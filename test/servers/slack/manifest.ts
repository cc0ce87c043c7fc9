import { z } from 'zod';
import { scopeOfEvent } from './events.ts';
import { type Json, Refusal } from './refusal.ts';

const url = z.url({ protocol: /^https$/ });

const command = z.strictObject({
  command: z
    .string()
    .regex(/^\/\S+$/)
    .max(32),
  description: z.string().min(1).max(2000),
  usage_hint: z.string().max(1000).optional(),
  should_escape: z.boolean().optional(),
  url: url.optional(),
});

const shortcut = z.strictObject({
  type: z.enum(['global', 'message']),
  name: z.string().min(1).max(24),
  callback_id: z.string().min(1).max(255),
  description: z.string().min(1).max(150),
});

const features = z.looseObject({
  app_home: z
    .strictObject({
      home_tab_enabled: z.boolean().optional(),
      messages_tab_enabled: z.boolean().optional(),
      messages_tab_read_only_enabled: z.boolean().optional(),
    })
    .optional(),
  bot_user: z.strictObject({ display_name: z.string().min(1).max(80), always_online: z.boolean().optional() }),
  slash_commands: z.array(command).max(50).optional(),
  shortcuts: z.array(shortcut).max(10).optional(),
});

const settings = z.looseObject({
  event_subscriptions: z
    .strictObject({
      request_url: url.optional(),
      bot_events: z.array(z.string()).max(100).optional(),
      user_events: z.array(z.string()).max(100).optional(),
      metadata_subscriptions: z.array(z.looseObject({})).optional(),
    })
    .optional(),
  interactivity: z
    .strictObject({
      is_enabled: z.boolean(),
      request_url: url.optional(),
      message_menu_options_url: url.optional(),
    })
    .optional(),
  socket_mode_enabled: z.boolean().optional(),
  token_rotation_enabled: z.boolean().optional(),
});

const manifestSchema = z.strictObject({
  _metadata: z.looseObject({}).optional(),
  display_information: z.strictObject({
    name: z.string().min(1).max(35),
    description: z.string().max(140).optional(),
    long_description: z.string().min(174).max(4000).optional(),
    background_color: z
      .string()
      .regex(/^#([0-9a-f]{3}|[0-9a-f]{6})$/i)
      .optional(),
  }),
  features,
  oauth_config: z.looseObject({
    redirect_urls: z.array(z.url()).max(1000).optional(),
    scopes: z.looseObject({ bot: z.array(z.string()).max(255) }),
  }),
  settings,
});

type Manifest = z.infer<typeof manifestSchema>;

/** What the platform would say against an app's manifest; nothing when it is good. */
export function manifestComplaints(manifest: Json): { message: string; pointer: string }[] {
  const { data, error } = manifestSchema.safeParse(manifest);
  if (data === undefined) {
    return (error?.issues ?? []).map(({ message, path }) => ({ message, pointer: `/${path.map(String).join('/')}` }));
  }
  return [...missingScopes(data), ...missingAddresses(data)];
}

/** @throws {Refusal} `invalid_manifest`, with everything that is wrong */
export function checkManifest(manifest: Json): void {
  const errors = manifestComplaints(manifest);
  if (errors.length > 0) throw new Refusal('invalid_manifest', { errors });
}

function missingScopes({ features: offered, oauth_config, settings: set }: Manifest) {
  const { bot } = oauth_config.scopes;
  const asks = (offered.slash_commands?.length ?? 0) + (offered.shortcuts?.length ?? 0) > 0;
  const needed = [
    ...(asks ? ['commands'] : []),
    ...(set.event_subscriptions?.bot_events ?? []).flatMap((event) => scopeOfEvent[event] ?? []),
  ];
  return needed
    .filter((scope) => !bot.includes(scope))
    .map((scope) => ({ message: `scope ${scope} is needed`, pointer: '/oauth_config/scopes/bot' }));
}

/** Without Socket Mode everything needs somewhere to go. */
function missingAddresses({ features: offered, settings: set }: Manifest) {
  if (set.socket_mode_enabled === true) return [];
  const complaints = (offered.slash_commands ?? [])
    .map((one, at) => ({ message: 'url is needed', pointer: `/features/slash_commands/${at}/url`, has: one.url }))
    .filter(({ has }) => has === undefined)
    .map(({ message, pointer }) => ({ message, pointer }));
  const events = set.event_subscriptions;
  if ((events?.bot_events?.length ?? 0) > 0 && events?.request_url === undefined) {
    complaints.push({ message: 'request_url is needed', pointer: '/settings/event_subscriptions/request_url' });
  }
  if (set.interactivity?.is_enabled === true && set.interactivity.request_url === undefined) {
    complaints.push({ message: 'request_url is needed', pointer: '/settings/interactivity/request_url' });
  }
  return complaints;
}
