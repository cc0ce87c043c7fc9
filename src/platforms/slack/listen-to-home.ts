import type { App, BlockAction } from '@slack/bolt';
import type { CommandServices } from '../../../commands/define-command.ts';
import type { ButtonIds } from '../button-id.ts';
import { homeActions, publishHome } from './home.ts';
import type { Invoker } from './invoker.ts';
import { renderDrawForm } from './modals.ts';
import { openView } from './open-view.ts';

export interface HomeListening {
  readonly invoker: Invoker;
  readonly services: CommandServices;
  readonly ids: ButtonIds;
}

/** The home tab, made anew whenever somebody opens it. */
export function listenToHome(app: App, { invoker, services, ids }: HomeListening): void {
  const askedBy = (team: string, userId: string) => ({
    place: { team, channel: userId, thread: null },
    userId,
    nameHint: null,
    responseUrl: null,
    pressed: null,
    key: `slack:home:${userId}`,
  });

  app.event('app_home_opened', async ({ event, body, context }) => {
    if (event.tab !== 'home') return;
    await invoker.open(askedBy(context.teamId ?? body.team_id, event.user), (reading) =>
      publishHome(reading, services, ids),
    );
  });

  app.action<BlockAction>(homeActions.refresh, async ({ ack, body, context }) => {
    await ack();
    const asked = askedBy(context.teamId ?? body.user.team_id ?? '', body.user.id);
    await invoker.open(asked, (reading) => publishHome(reading, services, ids));
  });

  app.action<BlockAction>(homeActions.draw, async ({ ack, body, context }) => {
    await ack();
    const asked = askedBy(context.teamId ?? body.user.team_id ?? '', body.user.id);
    await invoker.open(asked, (reading) => {
      const memory = { locale: reading.requester.locale, channel: null, thread: null, file: null };
      return openView(reading, body.trigger_id, renderDrawForm(memory, {}, services));
    });
  });
}
