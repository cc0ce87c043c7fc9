import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { QuartetError } from '../errors.ts';

const seenJob = z.object({
  id: z.string(),
  state: z.string(),
  pictures: z.array(z.object({ url: z.string() })),
  failure: z.string().nullable(),
});
const accepted = z.object({ kind: z.literal('job'), job: seenJob });

type SeenJob = z.output<typeof seenJob>;

/** Somebody with the playground open in a browser of their own. */
export interface PageVisitor {
  /** Types a line; resolves with the job's id once the bot has answered. */
  ask(line: string): Promise<string>;
  /** Resolves once the page was told that the job has been delivered. */
  delivered(id: string): Promise<SeenJob>;
  /** Fetches all pictures of a job, as the page then does. */
  fetchPictures(job: SeenJob): Promise<void>;
  close(): Promise<void>;
}

/** Opens the page's event stream. */
export async function openPage(url: string): Promise<PageVisitor> {
  const cookie = `quartet_viewer=${randomUUID()}`;
  const closing = new AbortController();
  const answer = await fetch(`${url}/api/events`, { headers: { cookie }, signal: closing.signal });
  if (answer.body === null) throw unexpected('an event stream', 'nothing');
  const told = new Map<string, PromiseWithResolvers<SeenJob>>();
  // Whichever comes first: the page may be told of an end before its own request is answered.
  const ending = (id: string): PromiseWithResolvers<SeenJob> => {
    const known = told.get(id) ?? Promise.withResolvers<SeenJob>();
    told.set(id, known);
    return known;
  };
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);

  const reading = readEvents(answer.body, (event, data) => {
    if (event !== 'job') return;
    const job = seenJob.parse(data);
    if (job.state === 'delivered') ending(job.id).resolve(job);
    if (job.state === 'failed') broken.reject(unexpected('a drawing', job.failure ?? 'a failure'));
  }).then(
    () => broken.reject(unexpected('events', 'the end of the stream')),
    (error: unknown) => broken.reject(error),
  );

  return {
    async ask(line) {
      const response = await postLine(url, cookie, line);
      return accepted.parse(await response.json()).job.id;
    },
    delivered: (id) => Promise.race([ending(id).promise, broken.promise]),
    async fetchPictures({ pictures }) {
      const bodies = pictures.map(async (picture) => {
        const response = await fetch(new URL(picture.url, url), { headers: { cookie } });
        if (!response.ok) throw unexpected('a picture', `status ${response.status}`);
        return response.arrayBuffer();
      });
      await Promise.all(bodies);
    },
    async close() {
      closing.abort();
      await reading;
    },
  };
}

/** What the page sends when somebody types a line. */
export async function postLine(url: string, cookie: string, line: string): Promise<Response> {
  const response = await fetch(`${url}/api/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify({ key: randomUUID(), line }),
  });
  if (!response.ok) throw unexpected('the bot to take a line', `status ${response.status}`);
  return response;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as the playground uses it. */
async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: string, data: unknown) => void,
): Promise<void> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = `${rest}${text}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) onEvent(event, JSON.parse(data));
    }
  }
}

function unexpected(expected: string, got: string): QuartetError {
  return new QuartetError('bench_failed', `Expected ${expected}, got ${got}.`);
}
