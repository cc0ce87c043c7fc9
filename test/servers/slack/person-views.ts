import { openDirect } from './access.ts';
import { checkView } from './block-kit.ts';
import type { Receipt } from './envelopes.ts';
import { type FormValues, fillIn } from './form-values.ts';
import type { Platform } from './platform.ts';
import type { Json } from './refusal.ts';
import { openView, toViewJson, updateView } from './views.ts';
import type { SlackTeam, SlackUser, SlackView } from './world.ts';

export interface Submission {
  readonly receipt: Receipt;
  /** What stands under each field, by block id, when the app refused it. */
  readonly errors: Readonly<Record<string, string>> | null;
  /** What is in front of the person now; null when the window closed. */
  readonly view: SlackView | null;
}

export interface ViewActions {
  /** The modal in front of this person, the topmost one. */
  modal(): SlackView | null;
  submits(view: SlackView, values?: FormValues): Promise<Submission>;
  /** Close a modal without sending it. */
  closes(view: SlackView): Promise<Receipt | null>;
  /** Open the app's Home tab; gives what it shows at that moment, which the app may change later. */
  opensHome(): Promise<SlackView | null>;
  viewJson(view: SlackView): Json;
}

export function createViewActions(
  platform: Platform,
  team: SlackTeam,
  user: SlackUser,
  frame: Json,
  send: (payload: Json, acceptsResponse?: boolean) => Promise<Receipt>,
): ViewActions {
  const { world, app } = platform;

  const actions: ViewActions = {
    modal: () => [...world.views.values()].findLast((view) => view.user === user.id && view.open) ?? null,
    viewJson: (view) => toViewJson(platform, team, view),

    async submits(view, values = {}) {
      if (!view.open) throw new Error('Expected an open view, got one that is closed');
      const state = fillIn(view, values);
      const receipt = await send(
        {
          type: 'view_submission',
          ...frame,
          trigger_id: platform.tickets.createTrigger(team.id, user.id, view.id),
          view: toViewJson(platform, team, view, state),
          response_urls: [],
        },
        true,
      );
      // Not acknowledged: the window stays, and says that it had some trouble connecting.
      if (receipt.outcome === 'failed') return { receipt, errors: null, view };
      const errors = respond(view, receipt.body);
      world.changed();
      return { receipt, errors, view: actions.modal() };
    },

    async closes(view) {
      view.open = false;
      world.changed();
      if (view.content.notify_on_close !== true) return null;
      return await send({
        type: 'view_closed',
        ...frame,
        view: toViewJson(platform, team, view),
        is_cleared: false,
      });
    },

    async opensHome() {
      if (!app.homeTab) throw new Error('Expected the home tab to be switched on in the manifest');
      const home = world.homes.get(user.id);
      platform.emitEvent(team, 'app_home_opened', {
        type: 'app_home_opened',
        user: user.id,
        channel: openDirect(world, team, user.id).id,
        tab: 'home',
        event_ts: world.nextTs(),
        ...(home === undefined ? {} : { view: toViewJson(platform, team, home) }),
      });
      await Promise.resolve();
      return home ?? null;
    },
  };
  return actions;

  /** Do what the app answered to a submission; gives the errors that it wants shown. */
  function respond(view: SlackView, body: Json | string | null): Record<string, string> | null {
    if (body === null) {
      view.open = false;
      return null;
    }
    if (typeof body === 'string') throw new Error(`Expected a response_action, got "${body}"`);
    const action = body.response_action;
    switch (action) {
      case 'errors': {
        const errors = body.errors as Record<string, string>;
        const blocks = (view.content.blocks as Json[]).filter(({ type }) => type === 'input');
        const unknown = Object.keys(errors).find((id) => !blocks.some(({ block_id }) => block_id === id));
        if (unknown !== undefined) throw new Error(`Expected errors of input blocks, got one of "${unknown}"`);
        return errors;
      }
      case 'update':
        updateView(platform, view, checkView(platform, body.view, 'modal'));
        return null;
      case 'push':
        openView(platform, team, user.id, checkView(platform, body.view, 'modal'), view);
        return null;
      case 'clear':
        for (const each of world.views.values()) if (each.user === user.id) each.open = false;
        return null;
      default:
        throw new Error(`Expected response_action errors, update, push or clear, got ${JSON.stringify(body)}`);
    }
  }
}
