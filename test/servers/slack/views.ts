import { withIds } from './block-ids.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import type { SlackTeam, SlackView } from './world.ts';

/** A view as the Web API and interactions show it. */
export function toViewJson(platform: Platform, team: SlackTeam, view: SlackView, values: Json = {}): Json {
  return {
    private_metadata: '',
    callback_id: '',
    external_id: '',
    clear_on_close: false,
    notify_on_close: false,
    ...view.content,
    id: view.id,
    team_id: team.id,
    state: { values },
    hash: view.hash,
    root_view_id: view.root,
    previous_view_id: view.previous,
    app_id: platform.app.id,
    app_installed_team_id: team.id,
    bot_id: team.botId,
  };
}

/** Put a new view in front of a person. */
export function openView(
  platform: Platform,
  team: SlackTeam,
  user: string,
  content: Json,
  previous: SlackView | null,
): SlackView {
  const { world } = platform;
  const id = world.nextId('V');
  const view: SlackView = {
    id,
    team: team.id,
    user,
    root: previous?.root ?? id,
    previous: previous?.id ?? null,
    content: complete(platform, content),
    hash: newHash(platform),
    open: true,
    updates: 0,
  };
  world.views.set(id, view);
  world.changed();
  return view;
}

export function updateView(platform: Platform, view: SlackView, content: Json): void {
  view.content = complete(platform, content);
  view.hash = newHash(platform);
  view.updates += 1;
  platform.world.changed();
}

function newHash({ world }: Platform): string {
  return `${Math.floor(world.clock.now() / 1000)}.${world.nextId('h')}`;
}

function complete({ world }: Platform, content: Json): Json {
  return { ...content, blocks: withIds(world, content.blocks as Json[]) };
}
