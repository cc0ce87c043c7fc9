import { openDirect } from './access.ts';
import type { Delivery, Receipt } from './envelopes.ts';
import { installApp, type Page } from './installing.ts';
import type { OAuth } from './oauth.ts';
import { type Clicks, createClicks } from './person-clicks.ts';
import { createViewActions, type ViewActions } from './person-views.ts';
import { createWriting, type Writing } from './person-writing.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import type { SlackChannel, SlackEphemeral, SlackTeam, SlackUser, SlackView } from './world.ts';

/** Somebody in a workspace: does what a person does in Slack's window. */
export interface SlackPerson extends Writing, Clicks, ViewActions {
  readonly id: string;
  readonly name: string;
  /** The conversation with the bot. */
  direct(): SlackChannel;
  /** What the app's Home tab shows. */
  home(): SlackView | null;
  /** Notes in a channel that only this person sees, oldest first. */
  notes(channel: SlackChannel): readonly SlackEphemeral[];
  /**
   * Follow the app's own "Add to Slack" page to its end; gives the page that the app shows then.
   * `redirectedTo` stands in for the public address that the app named, when that is not where it listens.
   */
  installs(installUrl: string, options?: { redirectedTo?: string }): Promise<Page>;
}

export function createPerson(
  platform: Platform,
  oauth: OAuth,
  deliveries: readonly Delivery[],
  team: SlackTeam,
  user: SlackUser,
): SlackPerson {
  const { world } = platform;
  const frame = {
    token: 'verification-token',
    api_app_id: platform.app.id,
    team: { id: team.id, domain: team.domain },
    user: { id: user.id, username: user.name, name: user.name, team_id: team.id },
    enterprise: null,
    is_enterprise_install: false,
  };
  const send = (payload: Json, acceptsResponse = false): Promise<Receipt> =>
    platform.deliver({ kind: 'interactive', payload, acceptsResponse, retry: null });

  return {
    id: user.id,
    name: user.name,
    ...createWriting(platform, deliveries, team, user),
    ...createClicks(platform, team, user, frame, send),
    ...createViewActions(platform, team, user, frame, send),
    home: () => world.homes.get(user.id) ?? null,
    direct: () => openDirect(world, team, user.id),
    notes: (channel) =>
      world.ephemerals.filter((note) => note.user === user.id && note.channel === channel.id && !note.deleted),
    installs(installUrl, options) {
      oauth.visitor = { team, user: user.id };
      return installApp(installUrl, options?.redirectedTo);
    },
  };
}
