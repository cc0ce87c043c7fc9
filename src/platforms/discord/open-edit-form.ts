import { type APIInteractionResponse, InteractionResponseType } from 'discord.js';
import { describeError } from '../../../commands/describe-error.ts';
import { edit } from '../../../commands/edit.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import { findJob } from '../../../commands/result-options.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { JobId, Requester } from '../../jobs/job.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { DiscordParts } from './discord-parts.ts';
import { renderEditForm } from './edit-form.ts';
import { privateWords } from './interaction-answer.ts';
import { discordLimits } from './limits.ts';

/**
 * A form has to be the first answer, so this one case reads the database before it answers: within half of what
 * Discord allows, else the person is asked to press again.
 */
export async function openEditForm(
  { services, logger }: Pick<DiscordParts, 'services' | 'logger'>,
  customId: string,
  id: JobId,
  requester: Requester,
): Promise<APIInteractionResponse> {
  const say = discordMessagesFor(requester.locale);
  const messages = messagesFor(requester.locale);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('The database took too long')), discordLimits.beforeAnswerMs);
  try {
    const job = await Promise.race([findJob(services.jobs, id, requester, messages), late.promise]);
    const form = resultButtons(job, messages).find(({ command }) => command === 'edit')?.form;
    if (form === undefined) return privateWords(messages.problem.notDrawnYet);
    return {
      type: InteractionResponseType.Modal,
      data: renderEditForm(customId, edit, form, services, requester.locale),
    };
  } catch (error) {
    if (error instanceof InvalidRequestError) return privateWords(describeError(error, messages));
    logger.warn({ err: error, jobId: id }, 'a form could not be filled in in time');
    return privateWords(say.tryAgain);
  } finally {
    clearTimeout(timer);
  }
}
