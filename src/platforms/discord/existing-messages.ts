import { type APIMessage, type APIMessageComponent, ComponentType } from 'discord.js';
import type { Job, JobId } from '../../jobs/job.ts';
import type { ButtonIds } from '../button-id.ts';
import type { DiscordApi } from './api.ts';
import { troubleOf } from './errors.ts';
import { discordLimits } from './limits.ts';
import { snowflakeAt } from './message-ids.ts';

/** Looks whether a job is shown already: after a crash nobody knows, and a nonce is good for a few minutes only. */
export interface ExistingMessages {
  /**
   * The id of the bot's message in that channel whose buttons belong to the job; null where there is none. Another one
   * than `except`, which is known and cannot be changed.
   */
  find(job: Job, channel: string, except: string | null, signal: AbortSignal): Promise<string | null>;
}

const maxPages = 3;
/** Our clock may be before Discord's. */
const slackMs = 60_000;

export function createExistingMessages(api: DiscordApi, ids: ButtonIds): ExistingMessages {
  return {
    async find(job, channel, except, signal) {
      let after = snowflakeAt(job.createdAt - slackMs);
      for (let page = 0; page < maxPages; page += 1) {
        const messages = await read(api, channel, after, signal);
        const found = messages.find((message) => message.id !== except && jobsShownIn(message, ids).has(job.id));
        if (found !== undefined) return found.id;
        const newest = messages.reduce((latest, { id }) => (BigInt(id) > BigInt(latest) ? id : latest), after);
        if (messages.length < discordLimits.maxMessagesFetched) return null;
        after = newest;
      }
      return null;
    },
  };
}

async function read(api: DiscordApi, channel: string, after: string, signal: AbortSignal) {
  try {
    return await api.messagesAfter(channel, after, { signal });
  } catch (error) {
    // Without "Read Message History" there is only the nonce.
    if (troubleOf(error) === 'no_access') return [];
    throw error;
  }
}

/** The jobs that a message's buttons belong to; nobody else can sign such buttons. */
export function jobsShownIn(message: Pick<APIMessage, 'components'>, ids: ButtonIds): ReadonlySet<JobId> {
  const found = new Set<JobId>();
  const walk = (component: APIMessageComponent): void => {
    if (component.type === ComponentType.ActionRow) for (const child of component.components) walk(child);
    if (component.type !== ComponentType.Button || !('custom_id' in component)) return;
    const button = ids.read(component.custom_id);
    if (button !== null) found.add(button.job);
  };
  for (const component of message.components ?? []) walk(component);
  return found;
}
