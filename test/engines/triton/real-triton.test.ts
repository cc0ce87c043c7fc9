import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type GenerateRequest,
  type GenerateResult,
  type ImageEngine,
  schedulerNames,
} from '../../../src/engines/image-engine.ts';
import { createOnnxEngine } from '../../../src/engines/onnx/onnx-engine.ts';
import { type RealTriton, startRealTriton, whyNoTriton } from '../../servers/real-triton.ts';
import { describeImageEngine, greyOf, quietly, requestFor, stripes } from '../image-engine-contract.ts';
import { tinyPipelineDir } from '../onnx/tiny-pipeline.ts';
import { openUnkept } from './open-engine.ts';

const smallModelDir = fileURLToPath(new URL('../../../triton-models/demo/model', import.meta.url));
const logger = pino({ level: 'silent' });

function open(...tritons: RealTriton[]): Promise<ImageEngine> {
  return openUnkept(
    tritons.map(({ url }) => url),
    { times: { startMs: 20_000 } },
  );
}

const title = whyNoTriton === null ? 'a real Triton' : `a real Triton (${whyNoTriton})`;

describe.skipIf(whyNoTriton !== null)(title, () => {
  let triton: RealTriton;
  let engine: ImageEngine;
  let embedded: ImageEngine;
  beforeAll(async () => {
    [triton, embedded] = await Promise.all([
      startRealTriton([tinyPipelineDir, smallModelDir]),
      createOnnxEngine({ modelDir: tinyPipelineDir, logger, threads: 1 }),
    ]);
    engine = await open(triton);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([engine?.close(), embedded?.close()]);
    await triton?.stop();
  }, 30_000);

  describeImageEngine('Triton (NVIDIA’s own server)', () => open(triton));

  it('describes the model as the embedded engine does', () => {
    const [ours] = embedded.describe().models;
    expect(engine.describe().models[0]).toMatchObject({
      id: ours?.id,
      sizes: ours?.sizes,
      defaultSize: ours?.defaultSize,
      defaultSteps: ours?.defaultSteps,
      defaultScheduler: ours?.defaultScheduler,
      enlarge: ours?.enlarge,
      vocabulary: ours?.vocabulary,
    });
  });

  it.each(schedulerNames)('draws with %s what the embedded engine draws', async (scheduler) => {
    const request = requestFor(engine, { scheduler, steps: 6, seeds: [7, 4_294_967_295], negativePrompt: 'blue' });
    expect(await differenceOf(request)).toBeLessThan(2);
  });

  it('draws from a picture, larger than offered, what the embedded engine draws', async () => {
    const size = { width: 128, height: 128 };
    const init = { picture: stripes(size), strength: 0.5 };
    expect(await differenceOf(requestFor(engine, { size, init, seeds: [3] }))).toBeLessThan(2);
  });

  it.for(schedulerNames)('paints within a mask with %s as the embedded engine does', async (scheduler, context) => {
    const [model] = engine.describe().models;
    if (!model?.canPaintWithin) return context.skip('this server’s model does not say that it can');
    const size = model.defaultSize;
    const mask = greyOf(size, (x, y) => (x > 20 && y > 9 ? 255 : x > 12 ? 100 : 0));
    const init = { picture: stripes(size), strength: 0.8, mask };
    expect(await differenceOf(requestFor(engine, { scheduler, steps: 6, seeds: [7], init }))).toBeLessThan(2);
  });

  it.for(['cutoff', 'fast'] as const)(
    'draws at the speed %s what the embedded engine draws',
    async (speed, context) => {
      const [model] = engine.describe().models;
      if (!model?.speeds.includes(speed)) return context.skip('this server’s model does not say that it can');
      for (const scheduler of ['ddim', 'dpmpp_2m', 'unipc'] as const) {
        const request = requestFor(engine, { scheduler, steps: 10, seeds: [7], speed, negativePrompt: 'blue' });
        expect(await differenceOf(request)).toBeLessThan(2);
      }
    },
  );

  it('draws a picture alone with the same bytes as among others', async () => {
    const four = await engine.generate(requestFor(engine, { seeds: [5, 6, 7, 8] }), quietly());
    const alone = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
    expect(bytesOf(alone)[0]).toEqual(bytesOf(four)[2]);
  });

  it('draws with the small model what the embedded engine draws with it', async () => {
    const small = await createOnnxEngine({ modelDir: smallModelDir, logger });
    const request = requestFor(small, { steps: 3, seeds: [7] });
    try {
      expect(await differenceOf(request, small)).toBeLessThan(2);
    } finally {
      await small.close();
    }
  }, 60_000);

  it('stops a cancelled drawing within a step, as Triton’s own counters tell', async () => {
    const [, small] = engine.describe().models;
    if (small === undefined) throw new Error('Expected the small model beside the tiny one.');
    const before = await countersOf(triton);
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = () => controller.abort(new Error('enough'));
    const { id: model, defaultSize: size } = small;
    const drawing = engine.generate(requestFor(engine, { model, size, steps: 50 }), quietly({ signal, onProgress }));
    await expect(drawing).rejects.toThrow('enough');
    const cancelled = async () => (await countersOf(triton)).cancelled - before.cancelled;
    await expect.poll(cancelled, { timeout: 30_000 }).toBe(1);
    expect((await countersOf(triton)).steps - before.steps).toBeLessThanOrEqual(2);
  }, 60_000);

  it('takes over where one of two was killed: every drawing arrives', async () => {
    const other = await startRealTriton([tinyPipelineDir, smallModelDir]);
    const both = await open(other, triton);
    try {
      await expect.poll(() => both.describe().concurrency, { timeout: 10_000 }).toBe(2);
      let hasKilled = false;
      const onProgress = () => {
        if (hasKilled) return;
        hasKilled = true;
        void other.kill();
      };
      const drawings = Array.from({ length: 6 }, (_, index) =>
        both.generate(requestFor(both, { seeds: [index], steps: 40 }), quietly({ onProgress })),
      );
      const drawn = await Promise.all(drawings);
      const alone = await engine.generate(requestFor(engine, { seeds: [0], steps: 40 }), quietly());
      expect(bytesOf(drawn[0] as GenerateResult)).toEqual(bytesOf(alone));
    } finally {
      await both.close();
      await other.stop();
    }
  }, 60_000);

  it('draws again with the same seeds after a kill -9 in mid-drawing and a restart', async () => {
    const mortal = await startRealTriton([tinyPipelineDir]);
    const theirs = await open(mortal);
    // Long enough that it is still being drawn when the server dies.
    const request = requestFor(theirs, { steps: 150, seeds: [1, 2, 3, 4] });
    const onProgress = ({ step }: { step: number }) => {
      if (step === 1) void mortal.kill();
    };
    const failure = await theirs.generate(request, quietly({ onProgress })).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'engine_unavailable', retryable: true });
    await expect.poll(async () => (await theirs.health()).ready).toBe(false);
    const risen = await startRealTriton([tinyPipelineDir], mortal.port);
    try {
      await expect.poll(async () => (await theirs.health()).ready, { timeout: 20_000 }).toBe(true);
      const again = await theirs.generate(request, quietly());
      expect(bytesOf(again)).toEqual(bytesOf(await engine.generate(request, quietly())));
    } finally {
      await theirs.close();
      await risen.stop();
    }
  }, 90_000);

  async function differenceOf(request: GenerateRequest, own = embedded): Promise<number> {
    const [far, near] = [await engine.generate(request, quietly()), await own.generate(request, quietly())];
    const [left, right] = [Buffer.concat(bytesOf(far)), Buffer.concat(bytesOf(near))];
    expect(left.length).toBe(right.length);
    return left.reduce((sum, value, at) => sum + Math.abs(value - (right[at] ?? 0)), 0) / left.length;
  }
});

function bytesOf({ pictures }: GenerateResult): Buffer[] {
  return pictures.map(({ data }) => Buffer.from(data));
}

/** What the model has counted since it was loaded, as Triton's page of metrics shows it. */
async function countersOf(triton: RealTriton): Promise<{ steps: number; cancelled: number }> {
  const page = await triton.metrics();
  const read = (line: RegExp) => Number(line.exec(page)?.[1] ?? Number.NaN);
  return {
    steps: read(/^quartet_steps_total(?:\{[^}]*\})? (\d+)/m),
    cancelled: read(/^quartet_drawings_total\{[^}]*outcome="cancelled"[^}]*\} (\d+)/m),
  };
}
