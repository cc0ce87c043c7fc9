import { isUnreachable, slackWord, toDeliveryError } from './errors.ts';
import type { Workspace } from './workspaces.ts';

/**
 * Does something in a channel; where the bot is no member, joins and does it once more. Joining works in public
 * channels only. Throws `DeliveryError`.
 */
export async function withAccess<Result>(
  workspace: Workspace,
  channel: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (slackWord(error) !== 'not_in_channel' && slackWord(error) !== 'channel_not_found') throw toDeliveryError(error);
    try {
      await workspace.write.conversations.join({ channel });
    } catch (refusal) {
      // What the act itself was told says more than why joining failed, unless Slack could not be asked at all.
      throw toDeliveryError(isUnreachable(error) && slackWord(refusal) !== null ? error : refusal);
    }
    return act().catch((again: unknown) => {
      throw toDeliveryError(again);
    });
  }
}
