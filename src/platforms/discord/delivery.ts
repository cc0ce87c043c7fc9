import type { Logger } from 'pino';
import { drawingNotes } from '../../../commands/vocabulary.ts';
import type { EngineDescription } from '../../engines/image-engine.ts';
import { DeliveryError } from '../../errors.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { shownPictures } from '../../jobs/showing.ts';
import { discordMessagesFor } from '../../messages/discord.ts';
import { messagesFor } from '../../messages/messages.ts';
import type { ButtonIds } from '../button-id.ts';
import type { DeliveryReceipt, JobEnding } from '../chat-platform.ts';
import type { DiscordApi } from './api.ts';
import { type DiscordTrouble, toDeliveryError, troubleOf } from './errors.ts';
import type { ExistingMessages } from './existing-messages.ts';
import { renderEnding } from './job-message.ts';
import type { JobWriter } from './job-writer.ts';
import { discordLimits } from './limits.ts';
import { jobNonce } from './message-ids.ts';
import type { OutgoingMessage } from './outgoing.ts';
import { messageLink } from './place.ts';
import { fitUploads, type Upload } from './upload-sizes.ts';

export interface EndingDeliveryOptions {
  readonly api: DiscordApi;
  readonly writer: JobWriter;
  readonly existing: ExistingMessages;
  readonly ids: ButtonIds;
  readonly jobs: Pick<Jobs, 'readPicture' | 'get'>;
  readonly engine: () => EngineDescription;
  readonly logger: Logger;
}

type Shown = { readonly message: string | null };
type Render = (intro: string | null) => OutgoingMessage;

/** No smaller file is worth a look. */
const minFileBytes = 16_384;

/**
 * Tells how a job ended: in its own message; where that is gone or cannot be changed, in a new one; where the bot has
 * no access, in a direct message. Each step looks first whether it has been taken already.
 */
export function createEndingDelivery(options: EndingDeliveryOptions) {
  const { api, writer, existing, ids, jobs, logger } = options;

  async function uploadsOf(job: JobEnding): Promise<readonly Upload[]> {
    if (job.state !== 'drawn') return [];
    return Promise.all(
      shownPictures(job).map(async ({ picture: { key, altText }, index, isVeiled }) => {
        const png = await jobs.readPicture(key);
        if (png !== null) return { name: `quartet-${job.id}-${index + 1}`, png, altText, isVeiled };
        throw new DeliveryError('picture_gone', 'Expected the pictures to be kept until they are posted, got none.');
      }),
    );
  }

  async function originLink({ request }: JobEnding): Promise<string | null> {
    if (request.derivedFrom === null) return null;
    // A line less is better than pictures that do not come.
    const origin = await jobs.get(request.derivedFrom.job).catch(() => null);
    return origin === null ? null : messageLink(origin);
  }

  async function inItsPlace(job: JobEnding, render: Render, signal: AbortSignal): Promise<Shown | DiscordTrouble> {
    try {
      const written = await writer.edit(job, render(null), { signal });
      return written === null ? 'message_gone' : { message: written.message };
    } catch (error) {
      // Discord gives this reason in the body of a 429, which discord.js does not show.
      if (troubleOf(error) === 'rate_limited' && writer.isOld(job)) return 'too_old_to_edit';
      return passOver(error, ['message_gone', 'no_access', 'thread_archived', 'answer_expired', 'too_old_to_edit']);
    }
  }

  async function inNewMessage(job: JobEnding, render: Render, signal: AbortSignal): Promise<Shown | DiscordTrouble> {
    const { channel, message } = writer.placeOf(job);
    try {
      const before = await existing.find(job, channel, message, signal);
      const { id } =
        before === null
          ? await api.post(channel, render(null), { signal, nonce: jobNonce(job.id, 'ending') })
          : await api.edit(channel, before, render(null), { signal });
      return { message: id };
    } catch (error) {
      return passOver(error, ['no_access', 'thread_archived', 'too_old_to_edit']);
    }
  }

  async function inDirectMessage(job: JobEnding, render: Render, signal: AbortSignal): Promise<Shown> {
    const { channel } = writer.placeOf(job);
    try {
      const direct = await api.directChannel(job.requester.userId, { signal });
      const before = await existing.find(job, direct, null, signal);
      const intro = discordMessagesFor(job.requester.locale).deliveredHere(`<#${channel}>`);
      const nonce = jobNonce(job.id, 'direct');
      const { id } = before === null ? await api.post(direct, render(intro), { signal, nonce }) : { id: before };
      return { message: id };
    } catch (error) {
      const trouble = passOver(error, ['no_access', 'direct_messages_closed', 'refused']);
      logger.warn({ jobId: job.id, channel, trouble }, 'nobody can be told how a job ended');
      throw new DeliveryError('discord_nowhere', 'Expected a channel or a person to tell, got neither.', {
        cause: error,
      });
    }
  }

  async function show(job: JobEnding, render: Render, signal: AbortSignal): Promise<Shown> {
    const { isVisible, isUnanswered, message } = writer.placeOf(job);
    const own = await inItsPlace(job, render, signal);
    if (typeof own === 'object') return own;
    // Whoever cancels has been told so; a message of its own would be too much.
    if (job.state === 'cancelled' && own === 'message_gone' && message !== null) return { message: null };
    const fresh = isVisible && own !== 'no_access' ? await inNewMessage(job, render, signal) : 'no_access';
    if (typeof fresh === 'object') {
      if ((own === 'too_old_to_edit' || isUnanswered) && message !== null) await removeOld(job, message);
      return fresh;
    }
    return job.state === 'cancelled' ? { message: null } : inDirectMessage(job, render, signal);
  }

  async function removeOld(job: JobEnding, message: string): Promise<void> {
    await api.remove(writer.placeOf(job).channel, message).catch((error: unknown) => {
      logger.warn({ err: error, jobId: job.id }, 'a message that shows an old state could not be removed');
    });
  }

  async function tell(job: JobEnding, signal: AbortSignal): Promise<Shown> {
    const uploads = await uploadsOf(job);
    const messages = messagesFor(job.requester.locale);
    const notes = job.state === 'drawn' ? drawingNotes(job, options.engine(), messages) : [];
    const words = { notes, originLink: await originLink(job) };
    let maxFileBytes = writer.placeOf(job).answer?.maxFileBytes ?? discordLimits.maxFileBytes;
    while (true) {
      const files = await fitUploads(uploads, maxFileBytes);
      try {
        return await show(job, (intro) => renderEnding(job, files, { ...words, intro }, { ids }), signal);
      } catch (error) {
        const largest = Math.max(0, ...files.map(({ data }) => data.byteLength));
        if (troubleOf(error) !== 'too_large' || largest <= minFileBytes) throw error;
        // Discord's limit here is another one than it said: come nearer from above.
        maxFileBytes = Math.floor(Math.min(maxFileBytes, largest) / 2);
      }
    }
  }

  return async (job: JobEnding, signal: AbortSignal): Promise<DeliveryReceipt> => {
    try {
      const shown = await tell(job, signal);
      writer.forget(job.id);
      return shown;
    } catch (error) {
      signal.throwIfAborted();
      throw toDeliveryError(error);
    }
  };
}

/** The trouble where it is one of those that have another way; else the error goes on. */
function passOver(error: unknown, expected: readonly DiscordTrouble[]): DiscordTrouble {
  const trouble = troubleOf(error);
  if (error instanceof DeliveryError || !expected.includes(trouble)) throw error;
  return trouble;
}
