import type { types } from '@slack/bolt';
import { InvalidRequestError } from '../../errors.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import type { Reading } from './invoker.ts';

/** Slack's words for a press that is older than three seconds, or that opened something already. */
const tooLate = new Set(['expired_trigger_id', 'trigger_expired', 'exchanged_trigger_id', 'trigger_exchanged']);

/** Opens a form for whoever pressed. */
export async function openView(reading: Reading, triggerId: string, view: types.ModalView): Promise<void> {
  try {
    await reading.workspace.write.views.open({ trigger_id: triggerId, view });
  } catch (error) {
    if (!tooLate.has(slackWord(error) ?? '')) throw toDeliveryError(error);
    throw new InvalidRequestError('form_expired', reading.say.refusal.formExpired);
  }
}
