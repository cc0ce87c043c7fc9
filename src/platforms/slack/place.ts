import type { ReplyTo } from '../../jobs/job.ts';

/** Where in a workspace something was asked, and where the answer goes. */
export interface Place {
  readonly team: string;
  readonly channel: string;
  /** The `ts` of the thread's first message; null outside of threads. */
  readonly thread: string | null;
}

/** The place as the job core keeps it. */
export function toReplyTo({ team, channel, thread }: Place): ReplyTo {
  return { platform: 'slack', workspace: team, channel, thread, message: null, ageRestricted: false };
}

/** A link to a message; Slack's apps open it in place. */
export function messageLink(workspaceUrl: string, channel: string, ts: string, thread: string | null): string {
  const base = `${workspaceUrl.replace(/\/?$/, '/')}archives/${channel}/p${ts.replace('.', '')}`;
  return thread === null || thread === ts ? base : `${base}?thread_ts=${thread}&cid=${channel}`;
}
