import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodePng, readPngTexts } from '../../../src/images/png.ts';
import type { JobView } from '../../../src/platforms/web/job-view.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';
import { openPlayground, type Playground } from './open-playground.ts';
import { openViewer, showsJob } from './viewer-client.ts';

let folder: string;
let engine: ReturnType<typeof createInstantEngine>;
let playground: Playground;
/** Awaited before each step of a drawing. */
let beforeStep: (step: number) => Promise<void>;
let viewer: Awaited<ReturnType<typeof openViewer>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-api-'));
  beforeStep = async () => undefined;
  engine = createInstantEngine({ beforeStep: (step) => beforeStep(step) });
  playground = await openPlayground({ engine, store: createMemoryJobStore(), folder, limits: { maxJobsPerUser: 3 } });
  viewer = await openViewer(playground.url);
});

afterEach(async () => {
  viewer.close();
  await playground.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

async function drawn(line: string): Promise<JobView> {
  const job = await viewer.draw(line);
  for (;;) {
    const response = await viewer.get('/api/jobs');
    const { jobs } = (await response.json()) as { jobs: JobView[] };
    const found = jobs.find(({ id }) => id === job.id);
    if (found && found.pictures.length > 0) return found;
  }
}

describe('commands over HTTP', () => {
  test('accepts a typed line as a job with all its settings', async () => {
    const job = await viewer.draw('/imagine a red boat seed:7 style:neon');
    expect(job.request).toMatchObject({ prompt: 'a red boat', seed: 7, style: 'neon', count: 4 });
  });

  test('makes one job of the same key sent twice', async () => {
    const key = randomUUID();
    const [first, second] = await Promise.all([viewer.draw('a boat', key), viewer.draw('a boat', key)]);
    expect(second.id).toBe(first.id);
  });

  test('says how long a pasted text may be, not how a body is made', async () => {
    const refused = await viewer.post({ key: randomUUID(), line: 'x'.repeat(30_000) });
    expect(await refused.json()).toMatchObject({
      error: { message: 'Expected at most 8,000 characters, got 30,000.' },
    });
  });

  test('takes a content type in any case', async () => {
    const accepted = await viewer.post({ key: randomUUID(), line: '/queue' }, { 'content-type': 'Application/JSON' });
    expect(await accepted.json()).toMatchObject({ kind: 'queue' });
  });

  test('runs the command of a button', async () => {
    const { buttons } = await drawn('a boat');
    const vary = buttons.find(({ label }) => label === 'Vary 2');
    const response = await viewer.post({ key: randomUUID(), command: vary?.command, options: vary?.options });
    expect(await response.json()).toMatchObject({ kind: 'job', job: { asked: 'Vary 2', request: { action: 'vary' } } });
  });

  test('starts from an uploaded picture', async () => {
    const png = await encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) });
    const form = new FormData();
    form.set('invocation', JSON.stringify({ key: randomUUID(), line: '/imagine a boat strength:0.4' }));
    form.set('image', new File([new Uint8Array(png)], 'start.png', { type: 'image/png' }));
    const reply = await (await viewer.send(form)).json();
    expect(reply).toMatchObject({ kind: 'job', job: { request: { strength: 0.4 } } });
  });

  test.each([
    { what: 'a text called a picture', bytes: 20, says: /got a text file/ },
    { what: 'a picture over the limit', bytes: 3_000_000, says: /at most 2 MiB/ },
    { what: 'a picture just over the limit', bytes: 2_097_153, says: /at most 2 MiB, got 2.1 MiB/ },
  ])('refuses $what in a sentence, without a job', async ({ bytes, says }) => {
    const form = new FormData();
    form.set('invocation', JSON.stringify({ key: randomUUID(), line: 'a boat' }));
    form.set('image', new File(['x'.repeat(bytes)], 'start.png', { type: 'image/png' }));
    const text = await (await viewer.send(form)).text();
    expect(text).toMatch(says);
    expect(await (await viewer.get('/api/jobs')).json()).toEqual({ jobs: [], hasMore: false });
  });

  test.each([
    { line: '/imagine', says: 'got an empty text' },
    { line: '/imagine a boat steps:900', says: 'got 900' },
    { line: '/imagine a boat --stile neon', says: 'style' },
    { line: '/imagin a boat', says: '/imagine' },
    { line: `/imagine ${'a'.repeat(10_000)}`, says: 'characters' },
    { line: '/imagine a \u0000 boat', says: 'character' },
  ])('answers $line with a sentence and keeps no job', async ({ line, says }) => {
    expect(JSON.stringify(await viewer.say(line))).toContain(says);
    expect(await (await viewer.get('/api/jobs')).json()).toEqual({ jobs: [], hasMore: false });
  });

  test.each([
    { body: '{', type: 'application/json', status: 400 },
    { body: '{"key":"x"}', type: 'application/json', status: 400 },
    { body: 'line=a', type: 'text/plain', status: 400 },
    { body: JSON.stringify({ key: 'abcdefgh', line: 'a'.repeat(70_000) }), type: 'application/json', status: 413 },
  ])('refuses a body it does not know ($type, $status)', async ({ body, type, status }) => {
    const response = await fetch(`${playground.url}/api/commands`, {
      method: 'POST',
      headers: { 'content-type': type, cookie: viewer.cookie },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/\w+ .*\.$/) } });
  });

  test('says that there are too many jobs of one person', async () => {
    const release = engine.hold();
    for (let count = 0; count < 3; count++) await viewer.draw('a boat');
    expect(await viewer.say('a boat')).toMatchObject({ kind: 'text' });
    release();
  });
});

describe('pictures', () => {
  test('are PNGs with their settings, thumbnails, and downloads with a name', async () => {
    const { pictures } = await drawn('a boat seed:7');
    expect(pictures).toHaveLength(4);
    const [first] = pictures;
    const png = await viewer.get(first?.url ?? '');
    expect(png.headers.get('content-type')).toBe('image/png');
    expect(png.headers.get('cache-control')).toContain('immutable');
    expect(readPngTexts(new Uint8Array(await png.arrayBuffer())).parameters).toContain('Seed: 7');
    const thumbnail = await viewer.get(first?.thumbnail ?? '');
    expect(thumbnail.headers.get('content-type')).toBe('image/webp');
    const download = await viewer.get(first?.download ?? '');
    expect(download.headers.get('content-disposition')).toBe('attachment; filename="quartet-7-1.png"');
    await Promise.all([thumbnail.arrayBuffer(), download.arrayBuffer()]);
  });

  test('of somebody else are not there', async () => {
    const { pictures } = await drawn('a boat');
    const stranger = await openViewer(playground.url);
    expect((await stranger.get(pictures[0]?.url ?? '')).status).toBe(404);
    expect(await (await stranger.get('/api/history')).json()).toEqual({ jobs: [], hasMore: false });
  });

  test.each(['/pictures/x/0.png', '/pictures/..%2f..%2fetc%2fpasswd/0.png', `/pictures/${randomUUID()}/9.png`])(
    'are not looked for at %s',
    async (path) => {
      expect((await viewer.get(path)).status).toBe(404);
    },
  );
});

describe('the event stream', () => {
  test('begins with everything and follows a job to its pictures', async () => {
    const release = engine.hold();
    const job = await viewer.draw('a boat steps:8');
    const reading = viewer.eventsUntil((event) => showsJob(event, job.id, 'delivered'));
    release();
    const events = await reading;
    expect(events[0]).toMatchObject({ event: 'snapshot', data: { jobs: [{ id: job.id }] } });
    expect(events[1]).toMatchObject({ event: 'status', data: { paused: null, models: ['instant'] } });
    const last = events.at(-1)?.data as JobView;
    expect(last.pictures.map(({ alt }) => alt)).toEqual([1, 2, 3, 4].map((n) => `a boat (picture ${n} of 4)`));
  });

  test('shows progress with previews', async () => {
    // Previews are made for those who watch: nothing is drawn before the stream is open.
    const watched = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    beforeStep = (step) => (step < 5 ? watched.promise : seen.promise);
    const job = await viewer.draw('a boat steps:8');
    const events = await viewer.eventsUntil(({ event, data }) => {
      watched.resolve();
      if (event !== 'job') return false;
      const { progress } = data as JobView;
      return progress?.phase === 'drawing' && progress.previews.length === 4;
    });
    const shown = events.at(-1)?.data as JobView;
    expect(shown).toMatchObject({ id: job.id, progress: { steps: 8 } });
    expect(JSON.stringify(shown.progress)).toContain('data:image/webp;base64,');
    seen.resolve();
  });

  test('tells the place in line', async () => {
    const release = engine.hold();
    await viewer.draw('a boat');
    const second = await viewer.draw('a house');
    const events = await viewer.eventsUntil(({ event }) => event === 'status');
    expect(events.at(-1)?.data).toMatchObject({
      waiting: 1,
      drawing: 1,
      own: expect.arrayContaining([expect.objectContaining({ id: second.id })]),
    });
    release();
  });

  test('tells nobody of the jobs of others', async () => {
    const stranger = await openViewer(playground.url);
    const job = await drawn('a secret boat');
    const events = await stranger.eventsUntil(({ event }) => event === 'status');
    expect(JSON.stringify(events)).not.toContain(job.id);
    expect(JSON.stringify(events)).not.toContain('secret');
    stranger.close();
  });

  test('takes a deleted job away from other pages of the same person', async () => {
    const job = await drawn('a boat');
    const reading = viewer.eventsUntil(({ event }) => event === 'removed');
    await viewer.post({ key: randomUUID(), command: 'delete', options: { job: job.id } });
    expect((await reading).at(-1)?.data).toEqual({ id: job.id });
  });

  test('ends when the platform closes', async () => {
    const reading = viewer.eventsUntil(() => false);
    await viewer.eventsUntil(({ event }) => event === 'status');
    await playground.platform.close();
    await reading;
    expect((await viewer.post({ key: randomUUID(), line: 'a boat' })).status).toBe(503);
  });
});

describe('the guard', () => {
  test.each([
    {
      name: 'a command from another origin',
      method: 'POST',
      path: '/api/commands',
      headers: { origin: 'http://evil.example' },
    },
    {
      name: 'a command from another port',
      method: 'POST',
      path: '/api/commands',
      headers: { origin: 'http://127.0.0.1:1' },
    },
    {
      name: 'a cross-site command',
      method: 'POST',
      path: '/api/commands',
      headers: { 'sec-fetch-site': 'cross-site' },
    },
    { name: 'a null origin', method: 'POST', path: '/api/commands', headers: { origin: 'null' } },
    { name: 'a foreign event stream', method: 'GET', path: '/api/events', headers: { origin: 'http://evil.example' } },
    {
      name: 'a same-site reader of pictures',
      method: 'GET',
      path: '/api/history',
      headers: { 'sec-fetch-site': 'same-site' },
    },
  ])('refuses $name', async ({ method, path, headers }) => {
    const sent: Record<string, string> = { cookie: viewer.cookie, 'content-type': 'application/json' };
    const body = method === 'POST' ? { body: JSON.stringify({ key: randomUUID(), line: 'a boat' }) } : {};
    const response = await fetch(`${playground.url}${path}`, { method, headers: { ...sent, ...headers }, ...body });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: 'foreign_origin' } });
  });

  test('refuses a name that was rebound to this address', async () => {
    expect(await statusUnderHost('evil.example')).toBe(421);
    expect(await statusUnderHost(`localhost:${playground.port}`)).toBe(200);
    expect(await statusUnderHost(`[::1]:${playground.port}`)).toBe(200);
  });

  test('sends strict headers with the page and an HttpOnly cookie', async () => {
    const response = await fetch(playground.url);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
    await response.text();
  });

  test('serves the page’s files and nothing beside them', async () => {
    expect((await viewer.get('/page/app.js')).headers.get('content-type')).toContain('text/javascript');
    for (const path of ['/page/tsconfig.json', '/page/../guard.ts', '/page/%2e%2e/guard.ts', '/guard.ts']) {
      expect((await viewer.get(path)).status).toBe(404);
    }
  });
});

function statusUnderHost(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: playground.port, path: '/', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
