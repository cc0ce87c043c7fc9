import { randomUUID } from 'node:crypto';

/** What the playground tells about a job, as far as these tests look. */
export interface SeenJob {
  readonly id: string;
  readonly state: string;
  readonly progress: { readonly phase: string; readonly paused?: string | null } | null;
  readonly pictures: readonly { readonly url: string; readonly alt: string; readonly seed: number }[];
  readonly failure: { readonly message: string } | null;
}

/** Somebody with a cookie of their own, at whatever address the server has after a restart. */
export class Visitor {
  readonly #cookie = `quartet_viewer=${randomUUID()}`;
  url: string;

  constructor(url: string) {
    this.url = url;
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { cookie: this.#cookie } });
  }

  /** Sends one typed line; `key` tells a repeat of the same message. */
  say(line: string, key: string = randomUUID()): Promise<Response> {
    return fetch(`${this.url}/api/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.#cookie },
      body: JSON.stringify({ key, line }),
    });
  }

  async jobs(): Promise<readonly SeenJob[]> {
    const answer = await this.get('/api/jobs?limit=50');
    return ((await answer.json()) as { jobs: SeenJob[] }).jobs;
  }

  /** Looks at the own jobs, woken by the event stream, until they are as wanted. */
  async waitFor(isAsWanted: (jobs: readonly SeenJob[]) => boolean, deadlineMs = 60_000): Promise<readonly SeenJob[]> {
    const stop = AbortSignal.timeout(deadlineMs);
    const events = await fetch(`${this.url}/api/events`, { headers: { cookie: this.#cookie }, signal: stop });
    const reader = (events.body as ReadableStream<Uint8Array>).getReader();
    try {
      for (;;) {
        const jobs = await this.jobs();
        if (isAsWanted(jobs)) return jobs;
        const { done } = await reader.read();
        if (done) throw new Error('The event stream ended.');
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }
}
