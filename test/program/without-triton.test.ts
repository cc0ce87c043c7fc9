import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { english } from '../../src/messages/en.ts';
import { freePort } from '../servers/real-triton.ts';
import { startTritonServer } from '../servers/triton.ts';
import { runQuartet, startServer } from './server-process.ts';
import { Visitor } from './visitor.ts';

/** Far less than SHUTDOWN_SECONDS, and than the silence that a drawing is allowed. */
const promptMs = 15_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isPaused = ([job]: Awaited<ReturnType<Visitor['jobs']>>) =>
  job?.progress?.phase === 'waiting' && job.progress.paused === english.paused.no_server;

async function msOf(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

describe('SIGTERM while Triton is away', () => {
  test('ends a server that never saw one in time, and what was accepted still waits after the next start', async () => {
    const environment = { DATA_DIR: folder, TRITON_URLS: `grpc://127.0.0.1:${await freePort()}` };
    const first = await startServer(environment);
    const visitor = new Visitor(first.url);
    for (const prompt of ['a boat', 'a house']) expect((await visitor.say(`/imagine ${prompt}`)).status).toBe(200);
    await visitor.waitFor(isPaused);
    let code: number | null = null;
    expect(await msOf(first.end('SIGTERM').then((ended) => (code = ended)))).toBeLessThan(promptMs);
    expect(code).toBe(0);

    const second = await startServer(environment);
    visitor.url = second.url;
    expect((await visitor.jobs()).map(({ state }) => state)).toEqual(['queued', 'queued']);
    expect(await second.end('SIGTERM')).toBe(0);
  });

  test('ends one whose Triton was killed in mid-drawing, and the next one draws the job once', async () => {
    const triton = await startTritonServer();
    const environment = { DATA_DIR: folder, TRITON_URLS: triton.url };
    const first = await startServer(environment);
    const visitor = new Visitor(first.url);
    triton.hold();
    await visitor.say('/imagine a boat seed:7 steps:8');
    await visitor.waitFor(([job]) => job?.state === 'drawing');
    triton.kill();
    await visitor.waitFor(isPaused);
    expect(await msOf(first.end('SIGTERM'))).toBeLessThan(promptMs);

    const risen = await startTritonServer({ port: triton.port });
    const second = await startServer(environment);
    visitor.url = second.url;
    const [job] = await visitor.waitFor(([only]) => only?.state === 'delivered');
    expect(job?.pictures.map(({ seed }) => seed)).toEqual([7, 8, 9, 10]);
    expect(risen.requests).toHaveLength(1);
    expect(await second.end('SIGTERM')).toBe(0);
    risen.kill();
  });
});

describe('without a Triton that is fit to draw', () => {
  test('imagine says so in plain words, soon, with exit code 1', async () => {
    const url = `grpc://127.0.0.1:${await freePort()}`;
    const running = runQuartet(['imagine', 'a boat', '--out', folder], { TRITON_URLS: url });
    expect(await msOf(running)).toBeLessThan(promptMs);
    const { code, stdout, stderr } = await running;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /TRITON_URLS: expected a Triton server that is ready, got none\.\n +Expected grpc:\S+ to answer/,
    );
  });

  test('a model that differs ends the start with exit code 1 and what differs', async () => {
    const triton = await startTritonServer({ changeMetadata: ({ outputs }) => void outputs.pop() });
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: folder, TRITON_URLS: triton.url });
    expect(code).toBe(1);
    expect(stderr).toContain('Expected output `unsafe` FP32 [any], got none.');
    triton.kill();
  });
});
