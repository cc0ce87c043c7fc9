import { checkView } from '../block-kit.ts';
import { Refusal } from '../refusal.ts';
import { openView, toViewJson, updateView } from '../views.ts';
import type { SlackView } from '../world.ts';
import type { Method, MethodCall } from './method.ts';

const deepestStack = 3;

/** views.open, views.push, views.update, views.publish */
export const viewMethods = {
  'views.open': {
    tier: 'tier4',
    scopes: [],
    run(call) {
      const { platform, team, args } = call;
      const { user } = platform.tickets.exchangeTrigger(args.required('trigger_id'));
      const content = readView(call, 'modal');
      return { view: toViewJson(platform, team, openView(platform, team, user, content, null)) };
    },
  },

  'views.push': {
    tier: 'tier4',
    scopes: [],
    run(call) {
      const { platform, team, args } = call;
      const { user, view: below } = platform.tickets.exchangeTrigger(args.required('trigger_id'));
      const previous = below === null ? undefined : platform.world.views.get(below);
      if (previous?.open !== true) throw new Refusal('not_found');
      const stack = [...platform.world.views.values()].filter(({ root, open }) => open && root === previous.root);
      if (stack.length >= deepestStack) throw new Refusal('push_limit_reached');
      const content = readView(call, 'modal');
      return { view: toViewJson(platform, team, openView(platform, team, user, content, previous)) };
    },
  },

  'views.update': {
    tier: 'tier4',
    scopes: [],
    run(call) {
      const { platform, team } = call;
      const view = knownView(call);
      refuseOldHash(call, view);
      updateView(platform, view, readView(call, 'modal'));
      return { view: toViewJson(platform, team, view) };
    },
  },

  'views.publish': {
    tier: 'tier4',
    scopes: [],
    run(call) {
      const { platform, team, args } = call;
      const { world, app } = platform;
      if (!app.homeTab) throw new Refusal('not_enabled');
      const user = args.required('user_id');
      if (world.users.get(user)?.team !== team.id) throw new Refusal('user_not_found');
      const content = readView(call, 'home');
      const known = world.homes.get(user);
      if (known !== undefined) {
        refuseOldHash(call, known);
        updateView(platform, known, content);
        return { view: toViewJson(platform, team, known) };
      }
      const view = openView(platform, team, user, content, null);
      world.views.delete(view.id);
      world.homes.set(user, view);
      world.changed();
      return { view: toViewJson(platform, team, view) };
    },
  },
} as const satisfies Record<string, Method>;

function readView({ platform, args }: MethodCall, kind: 'modal' | 'home') {
  const view = args.json('view', 'invalid_arguments');
  if (view === undefined) throw new Refusal('invalid_arguments');
  return checkView(platform, view, kind);
}

function knownView({ platform, team, args }: MethodCall): SlackView {
  const id = args.text('view_id');
  const external = args.text('external_id');
  const view = [...platform.world.views.values()].find(
    (one) => one.team === team.id && (one.id === id || (external !== null && one.content.external_id === external)),
  );
  if (view?.open !== true) throw new Refusal('not_found');
  return view;
}

/** Two updates at once: the one that knew only the old content loses. */
function refuseOldHash({ args }: MethodCall, view: SlackView): void {
  const hash = args.text('hash');
  if (hash !== null && hash !== view.hash) throw new Refusal('hash_conflict');
}
