import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import type { JobView } from '../../../src/platforms/web/job-view.ts';
import type { WorldView } from '../../../src/platforms/web/world-view.ts';
import { createInstantEngine, type InstantEngineOptions } from '../../engines/instant-engine.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';
import { openPlayground } from './open-playground.ts';
import { openViewer } from './viewer-client.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(options: InstantEngineOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-pictures-'));
  const store = createMemoryJobStore();
  const engine = createInstantEngine(options);
  const playground = await openPlayground({ engine, store, folder });
  const viewer = await openViewer(playground.url);
  closing.push(async () => {
    viewer.close();
    await playground.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  const drawn = async (id: string): Promise<JobView> => {
    for (;;) {
      // The tests look at what they get.
      const { jobs } = (await (await viewer.get('/api/jobs')).json()) as { jobs: JobView[] };
      const found = jobs.find((job) => job.id === id);
      if (found?.state === 'delivered') return found;
    }
  };
  const send = async (invocation: object, files: Readonly<Record<string, Uint8Array>>) => {
    const form = new FormData();
    form.set('invocation', JSON.stringify({ key: randomUUID(), ...invocation }));
    for (const [option, bytes] of Object.entries(files)) {
      form.set(option, new File([new Uint8Array(bytes)], `${option}.png`, { type: 'image/png' }));
    }
    const answer: unknown = await (await viewer.send(form)).json();
    return answer as { kind: string; text: string; job: JobView; error?: { message: string } };
  };
  return { engine, viewer, drawn, send, store, folder };
}

/** White on the left, black on the right. */
const half = () => {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (Math.floor(at / 3) % 64 < 32 ? 255 : 0));
  return encodePng({ width: 64, height: 64, data });
};

describe('pictures over HTTP', () => {
  test('go along under the names of their options', async () => {
    const { engine, send, drawn } = await open();
    const picture = await half();
    const line = '/imagine a boat size:64x64 control_kind:depth speed:cached';
    const { job } = await send({ line }, { image: picture, mask: picture, control: picture });
    const view = await drawn(job.id);
    expect(engine.requests[0]).toMatchObject({ speed: 'cached', control: { kind: 'depth', scale: 1 } });
    expect(engine.requests[0]?.init?.mask?.data.length).toBe(64 * 64);
    expect(view.settings).toEqual(expect.arrayContaining(['painted within', 'control: Depth, 1', 'speed cached']));
    expect(JSON.stringify(view)).not.toContain('uploads/');
  });

  test('paint over a picture of a result', async () => {
    const { engine, viewer, send, drawn } = await open();
    const first = await drawn((await viewer.draw('/imagine a boat size:64x64')).id);
    const options = { job: first.id, picture: 3, prompt: 'a whale' };
    const { job } = await send({ command: 'edit', options }, { mask: await half() });
    await drawn(job.id);
    expect(engine.requests[1]).toMatchObject({ prompt: 'a whale', init: { strength: 0.9 } });
  });

  test('are refused under a name that the command has no picture for', async () => {
    const { send } = await open();
    const answer = await send({ line: '/imagine a boat' }, { prompt: await half() });
    expect(answer.error?.message).toBe('`/imagine` does not take a picture.');
    const other = await send({ line: '/queue' }, { image: await half() });
    expect(other.error?.message).toBe('`/queue` does not take a picture.');
  });

  test('of one colour as a mask are answered with a sentence', async () => {
    const { send, engine } = await open();
    const black = await encodePng({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) });
    const answer = await send({ line: '/imagine a boat' }, { image: black, mask: black });
    expect(answer.text).toMatch(/^This mask is all black/);
    expect(engine.requests).toEqual([]);
  });
});

test('the page is told of options only that some model can make use of', async () => {
  const { viewer } = await open({ model: { controls: [], loraScale: null } });
  const { commands } = (await (await viewer.get('/api/world')).json()) as WorldView;
  const names = commands.find(({ name }) => name === 'imagine')?.options.map(({ name }) => name);
  expect(names).toContain('mask');
  expect(names).toContain('speed');
  for (const name of ['control', 'control_kind', 'lora_strength']) expect(names).not.toContain(name);
});

describe('pictures that the model takes for unsafe', () => {
  test('are withheld from the page and at their address', async () => {
    const { viewer, drawn } = await open({ unsafe: [0, 0.9, 0, 0] });
    const view = await drawn((await viewer.draw('a boat')).id);
    expect(view.pictures.map(({ number }) => number)).toEqual([1, 3, 4]);
    expect(view.withheld).toBe(1);
    expect(view.notes).toEqual([
      '1 of the 4 pictures is withheld: the model’s own safety checker takes it for unsafe.',
    ]);
    expect(view.buttons.map(({ label }) => label)).not.toContain('Vary 2');
    for (const ending of ['png', 'webp', 'png?download']) {
      const refused = await viewer.get(`/pictures/${view.id}/1.${ending}`);
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain('This picture is withheld');
    }
    expect((await viewer.get(`/pictures/${view.id}/0.png`)).status).toBe(200);
  });

  test('stay so in the history, also after a restart', async () => {
    const { viewer, drawn, store, folder } = await open({ unsafe: [1, 1, 1, 1] });
    const { id } = await drawn((await viewer.draw('a boat')).id);
    const engine = createInstantEngine();
    const again = await openPlayground({ engine, store, folder });
    closing.push(() => again.close());
    const headers = { cookie: viewer.cookie };
    const { jobs } = (await (await fetch(`${again.url}/api/history`, { headers })).json()) as { jobs: JobView[] };
    expect(jobs).toMatchObject([{ id, pictures: [], withheld: 4 }]);
    expect((await fetch(`${again.url}/pictures/${id}/0.png`, { headers })).status).toBe(403);
  });
});
