import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { english } from '../../src/messages/en.ts';
import type { JobView } from '../../src/platforms/web/job-view.ts';
import { tinyPipelineDir } from '../engines/onnx/tiny-pipeline.ts';
import { openViewer, type PageEventRead, showsJob } from '../platforms/web/viewer-client.ts';
import { freePort, type RealTriton, startRealTriton, whyNoTriton } from '../servers/real-triton.ts';
import { type ServerProcess, startServer } from './server-process.ts';

type Viewer = Awaited<ReturnType<typeof openViewer>>;

let folder: string;
let tritons: RealTriton[];
let server: ServerProcess | null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
  tritons = [];
  server = null;
});
afterEach(async () => {
  await server?.end('SIGKILL');
  await Promise.all(tritons.map((triton) => triton.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function startTriton(port?: number): Promise<RealTriton> {
  const triton = await startRealTriton([tinyPipelineDir], port);
  tritons.push(triton);
  return triton;
}

async function serve(...urls: string[]): Promise<{ viewer: Viewer; readyz: () => Promise<Response> }> {
  server = await startServer({ DATA_DIR: folder, TRITON_URLS: urls.join(',') });
  const viewer = await openViewer(server.url);
  return { viewer, readyz: () => viewer.get('/readyz') };
}

/** Everything that a page is told until these jobs are delivered; `look` sees it as it comes. */
async function watch(viewer: Viewer, ids: readonly string[], look: (event: PageEventRead) => void = () => {}) {
  const left = new Set(ids);
  const events = await viewer.eventsUntil((event) => {
    look(event);
    for (const id of ids) if (hasArrived(event, id)) left.delete(id);
    return left.size === 0;
  });
  return events;
}

/** A job may have arrived before anybody watched: then the first event shows it. */
function hasArrived(event: PageEventRead, id: string): boolean {
  if (showsJob(event, id, 'delivered')) return true;
  const known = event.event === 'snapshot' ? (event.data as { jobs: JobView[] }).jobs : [];
  return known.some((job) => job.id === id && job.state === 'delivered');
}

function progressOf({ event, data }: PageEventRead, id: string): JobView['progress'] {
  return event === 'job' && (data as JobView).id === id ? (data as JobView).progress : null;
}

async function jobsOf(viewer: Viewer): Promise<readonly JobView[]> {
  return ((await (await viewer.get('/api/jobs?limit=50')).json()) as { jobs: JobView[] }).jobs;
}

async function picturesOf(viewer: Viewer, id: string): Promise<readonly string[]> {
  const job = (await jobsOf(viewer)).find((one) => one.id === id);
  return Promise.all(
    (job?.pictures ?? []).map(async ({ url }) => {
      const picture = await viewer.get(url);
      expect(picture.status).toBe(200);
      return Buffer.from(await picture.arrayBuffer()).toString('base64');
    }),
  );
}

async function drawnBy(triton: RealTriton): Promise<number> {
  return Number(/^quartet_drawings_total\{[^}]*outcome="drawn"[^}]*\} (\d+)/m.exec(await triton.metrics())?.[1]);
}

const title =
  whyNoTriton === null ? 'the program with a real Triton' : `the program with a real Triton (${whyNoTriton})`;

describe.skipIf(whyNoTriton !== null)(title, { timeout: 120_000 }, () => {
  test('kill -9 of Triton in mid-drawing: people are told, and the same pictures come once it is back', async () => {
    const mortal = await startTriton();
    const { viewer } = await serve(mortal.url);
    const line = '/imagine a red boat at dusk seed:7 steps:150';
    const calm = await viewer.draw(line);
    await watch(viewer, [calm.id]);

    const { id } = await viewer.draw(line);
    let hasKilled = false;
    let risen: Promise<RealTriton> | null = null;
    const events = await watch(viewer, [id], (event) => {
      const progress = progressOf(event, id);
      if (progress?.phase === 'drawing' && progress.step > 0 && !hasKilled) {
        hasKilled = true;
        void mortal.kill();
      }
      if (progress?.phase === 'waiting' && progress.paused !== null) risen ??= startTriton(mortal.port);
    });
    const told = events.map((event) => progressOf(event, id)).filter((progress) => progress !== null);
    const at = (isIt: (progress: NonNullable<JobView['progress']>) => boolean) => told.findIndex(isIt);
    const wentAway = at((one) => one.phase === 'retrying' && one.sentence === english.tryingAgain.engine_unavailable);
    const paused = at((one) => one.phase === 'waiting' && one.paused === english.paused.no_server);
    const again = told.findLastIndex((one) => one.phase === 'drawing' && one.step <= 1 && one.secondsLeft !== null);
    expect(wentAway).toBeGreaterThan(0);
    expect(paused).toBeGreaterThan(wentAway);
    expect(again).toBeGreaterThan(paused);

    expect(events.filter((event) => showsJob(event, id, 'delivered'))).toHaveLength(1);
    expect(await jobsOf(viewer)).toHaveLength(2);
    expect(await drawnBy(await (risen ?? Promise.reject(new Error('Expected a pause.'))))).toBe(1);
    const pictures = await picturesOf(viewer, id);
    expect(new Set(pictures).size).toBe(4);
    expect(pictures).toEqual(await picturesOf(viewer, calm.id));
  });

  test('kill -9 of one of two in mid-drawing: everything that waits arrives exactly once', async () => {
    const [mortal, survivor] = [await startTriton(), await startTriton()];
    const { viewer, readyz } = await serve(mortal.url, survivor.url);
    await expect.poll(async () => (await readyz()).text(), { timeout: 10_000 }).toContain('2 of 2 servers');
    const jobs = [];
    for (let n = 0; n < 8; n++) jobs.push(await viewer.draw('/imagine a blue boat seed:3 steps:120 count:2'));
    const ids = jobs.map(({ id }) => id);
    const drawing = new Set<string>();
    let hasKilled = false;
    const events = await watch(viewer, ids, (event) => {
      for (const id of ids) if (progressOf(event, id)?.phase === 'drawing') drawing.add(id);
      if (drawing.size < 2 || hasKilled) return;
      hasKilled = true;
      void mortal.kill();
    });
    expect(hasKilled).toBe(true);
    for (const id of ids) expect(events.filter((event) => hasArrived(event, id))).toHaveLength(1);
    expect((await jobsOf(viewer)).map(({ id }) => id).sort()).toEqual(ids.toSorted());
    const [first, ...others] = await Promise.all(ids.map((id) => picturesOf(viewer, id)));
    expect(first).toHaveLength(2);
    for (const pictures of others) expect(pictures).toEqual(first);
    expect(await (await readyz()).text()).toContain('1 of 2 servers');
  });

  test('a start without any Triton takes jobs in, says why they wait, and draws them once one comes', async () => {
    const port = await freePort();
    const begun = performance.now();
    const { viewer, readyz } = await serve(`grpc://127.0.0.1:${port}`);
    expect(performance.now() - begun).toBeLessThan(20_000);
    const notReady = await readyz();
    expect(notReady.status).toBe(503);
    expect(await notReady.text()).toContain('Drawing is paused because no Triton server answers.');
    expect(server?.said()).toContain('Drawing is paused because no Triton server answers.');

    const ids = [];
    for (const prompt of ['a red boat', 'a blue boat', 'a lighthouse']) {
      ids.push((await viewer.draw(`/imagine ${prompt} steps:4`)).id);
    }
    const [first = ''] = ids;
    const before = await viewer.eventsUntil((event) => {
      const progress = progressOf(event, first);
      return progress?.phase === 'waiting' && progress.paused === english.paused.no_server;
    });
    expect(before).toContainEqual({
      event: 'status',
      data: expect.objectContaining({ paused: english.paused.no_server, waiting: 3, drawing: 0 }),
    });
    expect(await viewer.say('/queue')).toMatchObject({ text: expect.stringContaining(english.paused.no_server) });

    const triton = await startTriton(port);
    await watch(viewer, ids);
    expect((await readyz()).status).toBe(200);
    const drawn = await jobsOf(viewer);
    expect(drawn.map(({ state, pictures }) => [state, pictures.length])).toEqual(ids.map(() => ['delivered', 4]));
    // Nobody knew any model when these were accepted; now they say which one drew them.
    const { engine } = (await (await viewer.get('/api/world')).json()) as { engine: { models: { id: string }[] } };
    expect(new Set(drawn.map(({ request }) => request.model))).toEqual(new Set([engine.models[0]?.id]));
    expect(await drawnBy(triton)).toBe(3);
  });
});
