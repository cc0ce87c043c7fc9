import { execFile } from 'node:child_process';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateResult, ImageEngine } from '../../../src/engines/image-engine.ts';
import { createOnnxEngine } from '../../../src/engines/onnx/onnx-engine.ts';
import { describeImageEngine, quietly, requestFor, stripes } from '../image-engine-contract.ts';
import { tinyPipelineDir as modelDir } from './tiny-pipeline.ts';

const logger = pino({ level: 'silent' });
const open = () => createOnnxEngine({ modelDir, logger, threads: 1 });

describeImageEngine('embedded (onnxruntime)', open);

describe('the embedded engine', () => {
  let engine: ImageEngine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  it('describes the pipeline folder', () => {
    expect(engine.describe().models).toMatchObject([
      {
        id: 'tiny-test-pipeline',
        title: 'Tiny test pipeline',
        sizes: [
          { width: 64, height: 64 },
          { width: 128, height: 64 },
        ],
        enlarge: { factor: 2, strength: 0.5 },
        vocabulary: { objects: ['lighthouse', 'boat'], colours: ['red', 'blue'], times: ['dusk', 'night'] },
      },
    ]);
  });

  it('draws a picture alone with the same bytes as among others', async () => {
    const four = await engine.generate(requestFor(engine, { seeds: [5, 6, 7, 8] }), quietly());
    const alone = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
    expect(bytesOf(alone)[0]).toEqual(bytesOf(four)[2]);
  });

  it('draws in the shape asked for, and larger than offered only from a picture', async () => {
    const wide = await engine.generate(requestFor(engine, { size: { width: 128, height: 64 } }), quietly());
    expect(wide.pictures[0]).toMatchObject({ width: 128, height: 64 });
    const size = { width: 128, height: 128 };
    const init = { picture: stripes(size), strength: 0.5 };
    const large = await engine.generate(requestFor(engine, { seeds: [7], size, init }), quietly());
    expect(large.pictures[0]).toMatchObject(size);
    await expect(engine.generate(requestFor(engine, { size }), quietly())).rejects.toMatchObject({
      code: 'invalid_size',
    });
  });

  it('heeds the negative prompt, but not at a guidance scale of 1', async () => {
    const draw = async (guidanceScale: number, negativePrompt: string) =>
      bytesOf(await engine.generate(requestFor(engine, { seeds: [7], guidanceScale, negativePrompt }), quietly()));
    expect(await draw(3, 'blue')).not.toEqual(await draw(3, ''));
    expect(await draw(1, 'blue')).toEqual(await draw(1, ''));
  });

  it('names the words that the model does not know', async () => {
    const prompt = 'Red fog and FOG';
    const { unknownWords } = await engine.generate(requestFor(engine, { prompt }), quietly());
    expect(unknownWords).toEqual(['fog']);
  });

  it('draws what fits of a long prompt and names the words that did not', async () => {
    const fitting = 'red boat '.repeat(5).trim();
    const short = await engine.generate(requestFor(engine, { prompt: fitting }), quietly());
    const long = await engine.generate(requestFor(engine, { prompt: `${fitting} blue lighthouse` }), quietly());
    expect(bytesOf(long)).toEqual(bytesOf(short));
    expect(short.unknownWords).toEqual([]);
    expect(long.unknownWords).toEqual(['blue', 'lighthouse']);
  });

  it('draws requests that come together one after another, each as it would alone', async () => {
    const seeds = [1, 2, 3];
    const draw = (seed: number) => engine.generate(requestFor(engine, { seeds: [seed] }), quietly()).then(bytesOf);
    const together = await Promise.all(seeds.map(draw));
    const oneByOne = [await draw(1), await draw(2), await draw(3)];
    expect(together).toEqual(oneByOne);
  });

  it('refuses more requests at once than it was told to keep', async () => {
    const small = await createOnnxEngine({ modelDir, logger, threads: 1, maxRequests: 1 });
    const first = small.generate(requestFor(small), quietly());
    await expect(small.generate(requestFor(small), quietly())).rejects.toMatchObject({
      code: 'engine_busy',
      retryable: true,
    });
    expect((await first).pictures).toHaveLength(2);
    await small.close();
  });
});

describe('the drawing process', () => {
  it('costs the running request when it dies, and comes back by itself', async () => {
    const engine = await open();
    const request = requestFor(engine, { seeds: [7] });
    const before = bytesOf(await engine.generate(request, quietly()));
    const firstPid = await pidOf(engine);
    const crashed = engine.generate(
      { ...request, steps: 150 },
      quietly({ onProgress: ({ step }) => step === 1 && process.kill(firstPid, 'SIGKILL') }),
    );
    await expect(crashed).rejects.toMatchObject({ name: 'EngineError', code: 'engine_crashed', retryable: true });
    await expect.poll(() => pidOf(engine), { timeout: 10_000 }).not.toBeOneOf([firstPid, Number.NaN]);
    expect(bytesOf(await engine.generate(request, quietly()))).toEqual(before);
    await engine.close();
  });

  it('says so while it is away', async () => {
    const engine = await open();
    const crashed = engine.generate(requestFor(engine, { steps: 150 }), quietly()).catch((error: unknown) => error);
    process.kill(await pidOf(engine), 'SIGKILL');
    await crashed;
    expect(await engine.health()).toEqual({
      ready: false,
      why: 'restarting',
      detail: expect.stringContaining('started again'),
    });
    await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({
      code: 'engine_away',
      retryable: true,
    });
    await engine.close();
  });

  it('ends when the bot is killed', async () => {
    const engineUrl = new URL('../../../src/engines/onnx/onnx-engine.ts', import.meta.url).href;
    const program = `
      import { createOnnxEngine } from ${JSON.stringify(engineUrl)};
      import { pino } from 'pino';
      const logger = pino({ level: 'silent' });
      const engine = await createOnnxEngine({ modelDir: ${JSON.stringify(modelDir)}, logger, threads: 1 });
      console.log((await engine.health()).detail);`;
    const bot = execFile(process.execPath, ['--input-type=module', '--eval', program]);
    const detail = Promise.withResolvers<string>();
    bot.stdout?.once('data', detail.resolve);
    bot.once('exit', () => detail.reject(new Error('Expected the bot to stay.')));
    const pid = pidIn(await detail.promise);
    expect(isRunning(pid)).toBe(true);
    bot.removeAllListeners('exit');
    bot.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  }, 30_000);

  it('is gone when the engine is closed', async () => {
    const engine = await open();
    const pid = await pidOf(engine);
    await engine.close();
    expect(isRunning(pid)).toBe(false);
  });
});

function bytesOf(result: GenerateResult): Buffer[] {
  return result.pictures.map(({ data }) => Buffer.from(data));
}

async function pidOf(engine: ImageEngine): Promise<number> {
  return pidIn((await engine.health()).detail);
}

/** The engine names its process for the operator. */
function pidIn(detail: string): number {
  return Number(/\(process (\d+)\)/.exec(detail)?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
