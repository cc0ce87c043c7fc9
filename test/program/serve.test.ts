import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runQuartet, startServer } from './server-process.ts';
import { Visitor } from './visitor.ts';

const kills = 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('serve', () => {
  test('draws four different pictures with the real model, and stops on SIGTERM', async () => {
    const server = await startServer({ DATA_DIR: folder });
    const visitor = new Visitor(server.url);
    expect((await visitor.get('/healthz')).status).toBe(200);
    expect((await visitor.get('/readyz')).status).toBe(200);

    await visitor.say('/imagine a red lighthouse at dusk seed:7 steps:2');
    const [job] = await visitor.waitFor(([first]) => first?.state === 'delivered');
    const pictures = await Promise.all(
      (job?.pictures ?? []).map(async ({ url }) => Buffer.from(await (await visitor.get(url)).arrayBuffer())),
    );
    expect(pictures).toHaveLength(4);
    expect(new Set(pictures.map((bytes) => bytes.toString('base64'))).size).toBe(4);
    for (const bytes of pictures) expect(bytes.subarray(1, 4).toString()).toBe('PNG');

    expect(await server.end('SIGTERM')).toBe(0);
  });

  test('the same message twice is one job', async () => {
    const server = await startServer({ DATA_DIR: folder });
    const visitor = new Visitor(server.url);
    await Promise.all([
      visitor.say('/imagine a blue boat steps:1 count:1', 'same-message'),
      visitor.say('/imagine a blue boat steps:1 count:1', 'same-message'),
    ]);
    expect(await visitor.waitFor((jobs) => jobs.every(({ state }) => state === 'delivered'))).toHaveLength(1);
    await server.end('SIGTERM');
  });

  test(`kill -9 in mid-drawing, ${kills} times: every accepted job is finished exactly once`, {
    timeout: 600_000,
  }, async () => {
    const accepted: string[] = [];
    let visitor: Visitor | null = null;
    for (let round = 0; round < kills; round++) {
      const server = await startServer({ DATA_DIR: folder, MAX_JOBS_PER_USER: '100' });
      visitor ??= new Visitor(server.url);
      visitor.url = server.url;
      const answer = await visitor.say(`/imagine a white boat number ${round} seed:${round} steps:3 count:1`);
      const { job } = (await answer.json()) as { job: { id: string } };
      accepted.push(job.id);
      await visitor.waitFor((jobs) => jobs.some(({ state }) => state === 'drawing'));
      await server.end('SIGKILL');
    }

    const server = await startServer({ DATA_DIR: folder });
    const survivor = visitor as Visitor;
    survivor.url = server.url;
    const jobs = await survivor.waitFor((all) => all.every(({ state }) => state === 'delivered'), 300_000);
    expect(jobs.map(({ id }) => id).sort()).toEqual(accepted.toSorted());
    for (const { pictures } of jobs) {
      expect(pictures).toHaveLength(1);
      expect((await survivor.get(pictures[0]?.url ?? '')).status).toBe(200);
    }
    await server.end('SIGTERM');
  });

  test('a drawing that SIGTERM interrupts is finished after the next start', async () => {
    const first = await startServer({ DATA_DIR: folder, SHUTDOWN_SECONDS: '0' });
    const visitor = new Visitor(first.url);
    await visitor.say('/imagine a green house steps:60');
    await visitor.waitFor(([job]) => job?.state === 'drawing');
    expect(await first.end('SIGTERM')).toBe(0);

    const second = await startServer({ DATA_DIR: folder });
    visitor.url = second.url;
    const [job] = await visitor.jobs();
    expect(['queued', 'drawing']).toContain(job?.state);
    await visitor.say('/cancel');
    await visitor.waitFor(([cancelled]) => cancelled?.state === 'cancelled');
    await second.end('SIGTERM');
  });
});

describe('a start that cannot work ends with exit code 1 and plain words', () => {
  test('every wrong setting is listed at once', async () => {
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: folder, HTTP_PORT: 'http', MAX_QUEUE: '0' });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'HTTP_PORT: expected a whole number from 0 to 65535, got "http".',
      'MAX_QUEUE: expected a whole number from 1 to 100000, got "0".',
    ]);
  });

  test('a missing model folder is one sentence', async () => {
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: folder, MODEL_DIR: join(folder, 'nowhere') });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('nowhere');
  });

  test('a data folder that another server has open is refused', async () => {
    const server = await startServer({ DATA_DIR: folder });
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: folder });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    await server.end('SIGTERM');
  });

  test('a data folder that is a file is one sentence', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: file });
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(`Expected ${file} to be a folder, got a file.`);
  });

  test('an option behind serve is exit code 2', async () => {
    const { code, stderr } = await runQuartet(['serve', '--port', '80'], { DATA_DIR: folder });
    expect(code).toBe(2);
    expect(stderr).toContain('got "--port"');
  });

  test('a port that another program has is one sentence', async () => {
    const server = await startServer({ DATA_DIR: folder });
    const port = new URL(server.url).port;
    const { code, stderr } = await runQuartet(['serve'], { DATA_DIR: join(folder, 'second'), HTTP_PORT: port });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `HTTP_PORT: expected a free port, got ${port}, where another program listens.\n`,
    });
    await server.end('SIGTERM');
  });

  test('an unknown command is exit code 2', async () => {
    const { code, stderr } = await runQuartet(['paint'], {});
    expect(code).toBe(2);
    expect(stderr).toContain('"paint"');
  });
});
