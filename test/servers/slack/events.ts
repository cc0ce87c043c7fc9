import type { SlackApp } from './app.ts';
import type { Envelope, Receipt } from './envelopes.ts';
import type { Json } from './refusal.ts';
import type { Weather } from './weather.ts';
import type { SlackTeam, World } from './world.ts';

/** After the first try: at once, after a minute, after five. */
const retriesAfterMs = [0, 60_000, 300_000] as const;

/** Which scope lets an app hear of it; a subscription without it is silent. */
export const scopeOfEvent: Readonly<Record<string, string>> = {
  app_mention: 'app_mentions:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
  'message.mpim': 'mpim:history',
};

/** Tell the app of an event, again and again until it says that it heard. */
export function createEvents(
  world: World,
  app: SlackApp,
  weather: Weather,
  deliver: (envelope: Envelope) => Promise<Receipt>,
): (team: SlackTeam, subscription: string, event: Json) => void {
  const wrap = (team: SlackTeam, event: Json, eventId: string): Json => ({
    token: 'verification-token',
    team_id: team.id,
    context_team_id: team.id,
    context_enterprise_id: null,
    api_app_id: app.id,
    event,
    type: 'event_callback',
    event_id: eventId,
    event_time: Math.floor(world.clock.now() / 1000),
    authorizations: [
      { enterprise_id: null, team_id: team.id, user_id: team.botUser, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${eventId}`,
  });

  const send = async (payload: Json, tried: number, reason: Envelope['retry']): Promise<void> => {
    const receipt = await deliver({ kind: 'events_api', payload, acceptsResponse: false, retry: reason });
    if (receipt.outcome === 'acknowledged' || receipt.noRetry) return;
    const pause = retriesAfterMs[tried];
    if (pause === undefined) return;
    world.clock.after(pause, () => {
      void send(payload, tried + 1, { number: tried + 1, reason: receipt.reason });
    });
  };

  return (team, subscription, event) => {
    const scope = scopeOfEvent[subscription];
    const allowed = scope === undefined || team.scopes.has(scope);
    if (!app.events.has(subscription) || !allowed) return;
    const first = world.nextId('Ev');
    for (let copy = 0; copy < weather.copiesOfEvents; copy += 1) {
      const id = copy > 0 && weather.copiesHaveOwnIds ? world.nextId('Ev') : first;
      void send(wrap(team, event, id), 0, null);
    }
  };
}
