import type { Narrator } from './narrator.ts';
import type { ShownJob } from './shown-jobs.ts';
import type { Venue } from './venue.ts';

/** A drawing that somebody asked for and that the bot accepted. */
export interface Request<Place> {
  readonly job: string;
  readonly who: string;
  readonly venue: Venue<Place>;
  readonly pictures: number;
}

export interface Wish<Place> {
  readonly venue: Venue<Place>;
  readonly who: string;
  /** For whoever reads along, as in `/imagine a red boat`. */
  readonly what: string;
  /** @default 4 */
  readonly pictures?: number;
  /** Gives what the platform shows of it. */
  readonly act: () => Promise<object>;
}

/** Asks for drawings, and checks at every step that each is answered once and as expected. */
export interface Requests {
  ask<Place>(wish: Wish<Place>): Promise<Request<Place>>;
  /** Wait for its pictures. */
  drawn<Place>(request: Request<Place>): Promise<ShownJob<Place>>;
  /** Wait until it has ended without pictures. */
  cancelled<Place>(request: Request<Place>): Promise<ShownJob<Place>>;
  readonly all: readonly Request<unknown>[];
}

export function createRequests(narrator: Narrator): Requests {
  const all: Request<unknown>[] = [];

  async function ended<Place>(request: Request<Place>, state: ShownJob<Place>['state']): Promise<ShownJob<Place>> {
    const { venue, job, who } = request;
    const isOver = (shown: ShownJob<Place>) => shown.state === 'result' || shown.state === 'ended without pictures';
    await venue.until(`an answer to ${who}`, () => venue.jobs().some((shown) => shown.job === job && isOver(shown)));
    const answers = venue.jobs().filter((shown) => shown.job === job);
    const [answer] = answers;
    if (answer === undefined || answers.length > 1) {
      throw new Error(`Expected one answer to ${who} on ${venue.name}, got ${answers.length}.`);
    }
    if (answer.state !== state) throw new Error(`Expected ${who} to get a ${state}, got ${answer.state}.`);
    return answer;
  }

  return {
    all,
    async ask({ venue, who, what, pictures = 4, act }) {
      const before = new Set(venue.jobs().map(({ job }) => job));
      narrator.tell({ where: venue.name, kind: 'said', text: `${who}: ${what}` });
      refuseSilence(await act(), who);
      const isNew = ({ job }: ShownJob<unknown>) => !before.has(job);
      const { job } = await venue.until(`the bot to accept what ${who} asked for`, () => venue.jobs().find(isNew));
      const request = { job, who, venue, pictures };
      all.push(request as Request<unknown>);
      return request;
    },
    async drawn(request) {
      const answer = await ended(request, 'result');
      const { who, venue, pictures } = request;
      if (answer.pictures !== pictures) {
        throw new Error(`Expected ${pictures} pictures for ${who} on ${venue.name}, got ${answer.pictures}.`);
      }
      const text = `Quartet shows ${who} ${pictures === 1 ? 'a picture' : `${pictures} pictures`}`;
      narrator.tell({ where: venue.name, kind: 'answered', text });
      return answer;
    },
    async cancelled(request) {
      const answer = await ended(request, 'ended without pictures');
      narrator.tell({ where: request.venue.name, kind: 'answered', text: `${request.who}’s drawing is cancelled` });
      return answer;
    },
  };
}

/** Throws where the platform itself tells that nothing will come of it. */
function refuseSilence(outcome: object, who: string): void {
  if ('state' in outcome && outcome.state === 'failed') {
    throw new Error(`Expected the bot to answer ${who} within three seconds, it did not.`);
  }
  if ('refusal' in outcome && typeof outcome.refusal === 'string') {
    throw new Error(`Expected the bot to answer ${who}, got "${outcome.refusal}".`);
  }
  if ('errors' in outcome && outcome.errors !== null) {
    throw new Error(`Expected the bot to take the form of ${who}, got ${JSON.stringify(outcome.errors)}.`);
  }
}
