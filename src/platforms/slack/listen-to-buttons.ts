import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { CommandServices } from '../../../commands/define-command.ts';
import { findJob } from '../../../commands/result-options.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { ButtonIds } from '../button-id.ts';
import { jobAction } from './buttons.ts';
import type { Duplicates } from './duplicates.ts';
import type { Asked, Invoker, Reading, Wish } from './invoker.ts';
import { renderEditForm } from './modals.ts';
import { openView } from './open-view.ts';

export interface ButtonListening {
  readonly invoker: Invoker;
  readonly services: CommandServices;
  readonly ids: ButtonIds;
  readonly duplicates: Duplicates;
}

/** The buttons of jobs, under results and in the home tab. */
export function listenToButtons(app: App, parts: ButtonListening): void {
  app.action<BlockAction<ButtonAction>>(jobAction, async ({ ack, body, action, context }) => {
    await ack();
    const asked = askedBy(body, action, context.teamId ?? body.user.team_id ?? '', parts.duplicates);
    await parts.invoker.invoke(asked, (reading) => readPress(action.value ?? '', body, reading, parts));
  });
}

function askedBy(body: BlockAction<ButtonAction>, action: ButtonAction, team: string, duplicates: Duplicates): Asked {
  const { user, container } = body;
  const channel = body.channel?.id ?? user.id;
  const thread = typeof container.thread_ts === 'string' ? container.thread_ts : null;
  const pressed = typeof container.message_ts === 'string' ? container.message_ts : null;
  const mark = `slack:press:${team}:${user.id}:${channel}:${pressed ?? ''}:${action.value ?? ''}`;
  return {
    place: { team, channel, thread },
    userId: user.id,
    nameHint: 'name' in user && typeof user.name === 'string' ? user.name : null,
    responseUrl: body.response_url || null,
    pressed,
    key: duplicates.pressKey(mark, Number(action.action_ts) * 1_000),
  };
}

async function readPress(
  value: string,
  body: BlockAction<ButtonAction>,
  reading: Reading,
  { ids, services }: ButtonListening,
): Promise<Wish | null> {
  const { requester, say, messages, place } = reading;
  const button = ids.read(value);
  if (button === null) throw new InvalidRequestError('unknown_button', say.refusal.unknownButton);
  if (!button.mayPress(requester.userId) && !requester.isAdmin) {
    throw new InvalidRequestError('not_your_button', say.refusal.notYourButton);
  }
  if (button.command === 'edit') {
    const job = await findJob(services.jobs, button.job, requester, messages);
    const memory = { locale: requester.locale, button: value, channel: place.channel, thread: place.thread };
    await openView(reading, body.trigger_id, renderEditForm(job, memory, services));
    return null;
  }
  const picture = button.picture === null ? {} : { picture: button.picture };
  return { command: button.command, options: { job: button.job, ...picture } };
}
