import { randomUUID } from 'node:crypto';
import type { JobView } from '../../../src/platforms/web/job-view.ts';
import type { ReplyView } from '../../../src/platforms/web/reply-view.ts';

export interface PageEventRead {
  readonly event: string;
  readonly data: unknown;
}

/** A browser without a page: keeps its cookie and reads the event stream. */
export async function openViewer(url: string) {
  const page = await fetch(url);
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
  const headers = { cookie, origin: url, 'sec-fetch-site': 'same-origin' };
  const streams: AbortController[] = [];

  const get = (path: string) => fetch(`${url}${path}`, { headers });
  const post = (body: unknown, more: Record<string, string> = {}) =>
    fetch(`${url}/api/commands`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', ...more },
      body: JSON.stringify(body),
    });

  return {
    cookie,
    userId: cookie.split('=')[1] ?? '',
    get,
    post,
    async say(line: string, key: string = randomUUID()): Promise<ReplyView> {
      const response = await post({ key, line });
      // The tests look at what they get.
      return (await response.json()) as ReplyView;
    },
    async draw(line: string, key?: string): Promise<JobView> {
      const reply = await this.say(line, key);
      if (reply.kind !== 'job') throw new Error(`Expected a job, got ${JSON.stringify(reply)}`);
      return reply.job;
    },
    send: (form: FormData) => fetch(`${url}/api/commands`, { method: 'POST', headers, body: form }),
    /** Events as they come; ends with the stream. */
    async *events(): AsyncGenerator<PageEventRead> {
      const controller = new AbortController();
      streams.push(controller);
      const response = await fetch(`${url}/api/events`, { headers, signal: controller.signal });
      let rest = '';
      for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const blocks = `${rest}${text}`.split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const event = /^event: (.*)$/m.exec(block)?.[1];
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
        }
      }
    },
    /** Reads until an event satisfies, and returns all up to it. */
    async eventsUntil(isLast: (event: PageEventRead) => boolean): Promise<readonly PageEventRead[]> {
      const read: PageEventRead[] = [];
      for await (const event of this.events()) {
        read.push(event);
        if (isLast(event)) break;
      }
      return read;
    },
    close() {
      for (const stream of streams) stream.abort();
    },
  };
}

/** Whether the event shows that job in that state. */
export function showsJob(event: PageEventRead, id: string, state: JobView['state']): boolean {
  return event.event === 'job' && (event.data as JobView).id === id && (event.data as JobView).state === state;
}
