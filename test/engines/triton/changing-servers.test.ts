import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultModelId, type ImageEngine } from '../../../src/engines/image-engine.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { TritonServer } from '../../servers/triton.ts';
import { quietly, requestFor } from '../image-engine-contract.ts';
import { closeAll, open, serve } from './open-engine.ts';

let folder: string;
let modelsFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-models-'));
  modelsFile = join(folder, 'models.json');
});
afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true });
});

const describing = (...ids: string[]) => JSON.stringify({ models: ids.map((id) => ({ id })) });
const idsOf = (engine: ImageEngine) => engine.describe().models.map(({ id }) => id);

/** A port where nobody listens. */
async function goneServer(): Promise<TritonServer> {
  const server = await serve();
  server.kill();
  return server;
}

describe('a start while no server is ready', () => {
  const times = { startMs: 300 };

  it('says why nothing is drawn, and draws once a server comes', async () => {
    const gone = await goneServer();
    const engine = await open([gone.url], { modelsFile, times });
    expect(await engine.health()).toEqual({
      ready: false,
      why: 'no_server',
      detail: expect.stringMatching(/^Drawing is paused because no Triton server answers\. Expected grpc:.* to answer/),
    });
    await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({ code: 'engine_away' });
    await serve({ port: gone.port });
    await expect.poll(async () => (await engine.health()).ready, { timeout: 10_000 }).toBe(true);
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });

  it('offers what Stable Diffusion 1.5 draws until a server was ever seen', async () => {
    const gone = await goneServer();
    const engine = await open([gone.url], { modelsFile, times });
    expect(engine.describe().models).toEqual([
      expect.objectContaining({ id: defaultModelId, defaultSize: { width: 512, height: 512 }, defaultSteps: 50 }),
    ]);
    await serve({ port: gone.port, description: describing('a', 'b') });
    await expect.poll(() => idsOf(engine), { timeout: 10_000 }).toEqual(['a', 'b']);
  });

  it('offers what the servers offered last', async () => {
    const server = await serve({ description: describing('a', 'b') });
    const before = await open([server.url], { modelsFile, times });
    const { models } = before.describe();
    await before.close();
    server.kill();
    const engine = await open([server.url], { modelsFile, times });
    expect(engine.describe().models).toEqual(models);
    const other = await open([server.url], { modelsFile, times, model: 'another' });
    expect(idsOf(other)).toEqual([defaultModelId]);
  });

  it.each(['', '{', '{"tritonModel":"stable_diffusion","models":[]}'])(
    'makes nothing of a damaged file (%j)',
    async (text) => {
      await writeFile(modelsFile, text);
      const gone = await goneServer();
      expect(idsOf(await open([gone.url], { modelsFile, times }))).toEqual([defaultModelId]);
    },
  );

  it('ends at once where waiting does not help: all servers are unsuitable', async () => {
    const wrong = await serve({ changeMetadata: ({ outputs }) => void outputs.pop() });
    const locked = await serve({ requiredHeader: { name: 'secret', value: 'open sesame' } });
    const opening = open([wrong.url, locked.url], { modelsFile, times: { startMs: 60_000 } });
    await expect(opening).rejects.toBeInstanceOf(ConfigError);
    await expect(opening).rejects.toThrow(/`unsafe` FP32 \[any\], got none[\s\S]*TRITON_AUTH_HEADER/);
  });

  it('waits where one is unsuitable and another one away', async () => {
    const wrong = await serve({ changeMetadata: ({ outputs }) => void outputs.pop() });
    const engine = await open([wrong.url, (await goneServer()).url], { modelsFile, times });
    expect(await engine.health()).toMatchObject({
      ready: false,
      why: 'server_failing',
      detail: expect.stringMatching(/no Triton server is fit to draw\. .*`unsafe`.* to answer/),
    });
  });
});

describe('models that change while the program runs', () => {
  it('are offered without a restart, and remembered', async () => {
    const server = await serve({ description: describing('a') });
    const engine = await open([server.url], { modelsFile });
    server.describe(describing('b', 'a'));
    await expect.poll(() => idsOf(engine)).toEqual(['b', 'a']);
    const written = async () =>
      JSON.parse(await readFile(modelsFile, 'utf8')).models.map(({ id }: { id: string }) => id);
    await expect.poll(written).toEqual(['b', 'a']);
    server.describe(describing('c'));
    await expect.poll(() => idsOf(engine)).toEqual(['c']);
    expect((await engine.health()).ready).toBe(true);
  });

  it('are offered once every server has them, and go with the last server that has them', async () => {
    const [first, second] = [
      await serve({ description: describing('a') }),
      await serve({ description: describing('a') }),
    ];
    const engine = await open([first.url, second.url]);
    await expect.poll(() => engine.describe().concurrency).toBe(2);
    const detail = async () => (await engine.health()).detail;

    first.describe(describing('a', 'b'));
    const asked = first.questions();
    await expect.poll(() => first.questions()).toBeGreaterThan(asked + 3);
    expect([idsOf(engine), engine.describe().concurrency]).toEqual([['a'], 2]);
    second.describe(describing('a', 'b'));
    await expect.poll(() => idsOf(engine)).toEqual(['a', 'b']);

    first.describe(describing('b'));
    await expect.poll(detail).toMatch(/1 of 2 .*to have the models of the other servers, got none of a\./);
    expect(idsOf(engine)).toEqual(['a', 'b']);
    second.describe(describing('b'));
    await expect.poll(() => [idsOf(engine), engine.describe().concurrency]).toEqual([['b'], 2]);
  });

  it('stay on offer while the server that has them is away', async () => {
    const server = await serve({ description: describing('a', 'b') });
    const engine = await open([server.url]);
    server.kill();
    await expect.poll(async () => (await engine.health()).ready).toBe(false);
    expect(idsOf(engine)).toEqual(['a', 'b']);
  });

  it('that turn out to be unsuitable pause drawing', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    server.describe('sizes: 512');
    await expect.poll(() => engine.health()).toMatchObject({ ready: false, why: 'server_failing' });
    server.describe(describing('a'));
    await expect.poll(() => engine.health()).toMatchObject({ ready: true });
  });
});
