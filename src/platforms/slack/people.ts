import type { Logger } from 'pino';
import type { Requester } from '../../jobs/job.ts';
import type { Workspaces } from './workspaces.ts';

/** Who people are and what language they read. Asks Slack at most once in a while for each. */
export interface People {
  requesterOf(team: string, userId: string, nameHint: string | null): Promise<Requester>;
}

export interface PeopleOptions {
  readonly workspaces: Workspaces;
  /** As in `ADMIN_USERS`: `slack:U123`. */
  readonly admins: readonly string[];
  readonly logger: Logger;
  readonly clock: () => number;
}

interface Known {
  readonly name: string;
  readonly locale: string;
  readonly until: number;
}

const keptMs = 3_600_000; // 1 hour
const maxKept = 5_000;
/** Nobody waits longer for an answer because Slack is slow to say what language they read. */
const patienceMs = 1_500;
const fallbackLocale = 'en';

export function createPeople({ workspaces, admins, logger, clock }: PeopleOptions): People {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Known | null>>();

  async function ask(team: string, userId: string): Promise<Known | null> {
    try {
      const { read } = await workspaces.of(team);
      const { user } = await read.users.info({ user: userId, include_locale: true });
      const name = user?.profile?.display_name || user?.real_name || user?.name || userId;
      return { name, locale: user?.locale ?? fallbackLocale, until: clock() + keptMs };
    } catch (error) {
      logger.warn({ err: error }, 'Slack did not say who somebody is');
      return null;
    }
  }

  async function lookUp(team: string, userId: string): Promise<Known | null> {
    const key = `${team}/${userId}`;
    const kept = known.get(key);
    if (kept !== undefined && kept.until > clock()) return kept;
    const answer = asking.get(key) ?? ask(team, userId).finally(() => asking.delete(key));
    asking.set(key, answer);
    const found = await answer;
    if (found === null) return kept ?? null;
    known.delete(key);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > maxKept && oldest !== undefined) known.delete(oldest);
    return found;
  }

  return {
    async requesterOf(team, userId, nameHint) {
      const found = await within(lookUp(team, userId), patienceMs);
      return {
        platform: 'slack',
        workspace: team,
        userId,
        name: found?.name ?? nameHint ?? userId,
        locale: found?.locale ?? fallbackLocale,
        isAdmin: admins.includes(`slack:${userId}`),
      };
    },
  };
}

async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
