import type { types } from '@slack/bolt';
import type { ReplyButton } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import type { SlackMessages } from '../../messages/slack.ts';
import { truncate } from '../../messages/truncate.ts';
import { type ButtonIds, isButtonCommand, isForOwnerOnly } from '../button-id.ts';
import { slackLimits } from './limits.ts';

/** What every button of a job has as its action; what it does stands, signed, in its value. */
export const jobAction = /^quartet:job:/;

/** Rows of buttons: one for each command that has a button a picture, one for the rest. */
export function renderButtons(
  job: Job,
  buttons: readonly ReplyButton[],
  { ids, say }: { readonly ids: ButtonIds; readonly say: SlackMessages },
): types.ActionsBlock[] {
  const rows = Map.groupBy(buttons, ({ command, options }) => (options.picture === undefined ? '' : command));
  return [...rows.values()].map((row) => ({
    type: 'actions',
    elements: row.slice(0, slackLimits.actionsPerBlock).flatMap((button) => renderButton(job, button, ids, say)),
  }));
}

function renderButton(job: Job, button: ReplyButton, ids: ButtonIds, say: SlackMessages): types.Button[] {
  const { command, label, options, style } = button;
  if (!isButtonCommand(command)) return [];
  const picture = typeof options.picture === 'number' ? options.picture : null;
  const owner = isForOwnerOnly(command) ? job.requester.userId : null;
  return [
    {
      type: 'button',
      action_id: `quartet:job:${command}:${picture ?? 0}:${job.id}`,
      text: { type: 'plain_text', text: truncate(label, slackLimits.buttonText), emoji: false },
      value: ids.sign({ command, job: job.id, picture, owner }),
      // Green is for one button among many, so only what destroys has a colour.
      ...(style === 'danger' ? { style } : {}),
      ...(command === 'delete' ? { confirm: confirmation(say) } : {}),
    },
  ];
}

function confirmation({ remove }: SlackMessages): types.ConfirmationDialog {
  const plain = (text: string) => ({ type: 'plain_text', text }) as const;
  return {
    title: plain(remove.title),
    text: plain(remove.text),
    confirm: plain(remove.confirm),
    deny: plain(remove.deny),
    style: 'danger',
  };
}
