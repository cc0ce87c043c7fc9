import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  EngineProgress,
  GenerateOptions,
  GenerateRequest,
  GreyPicture,
  ImageEngine,
  RgbPicture,
} from '../../src/engines/image-engine.ts';
import { InvalidRequestError, QuartetError } from '../../src/errors.ts';

/** A request with the defaults of the engine's first model and few steps. */
export function requestFor(engine: ImageEngine, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  const [model] = engine.describe().models;
  if (model === undefined) throw new Error('Expected the engine to have a model.');
  return {
    prompt: 'a red lighthouse at dusk',
    negativePrompt: '',
    seeds: [7, 8],
    steps: 4,
    guidanceScale: model.defaultGuidanceScale,
    scheduler: model.defaultScheduler,
    size: model.defaultSize,
    model: model.id,
    speed: 'exact',
    previewEvery: 0,
    ...changes,
  };
}

/** Options that never abort and drop progress, unless told otherwise. */
export function quietly(changes: Partial<GenerateOptions> = {}): GenerateOptions {
  return { signal: new AbortController().signal, onProgress: () => {}, ...changes };
}

/** What every engine must do: run it over each adapter and each fake. */
export function describeImageEngine(name: string, createEngine: () => Promise<ImageEngine>): void {
  describe(`image engine: ${name}`, () => {
    let engine: ImageEngine;
    beforeAll(async () => {
      engine = await createEngine();
    }, 60_000);
    afterAll(() => engine.close());

    it('describes at least one model whose default size is offered', () => {
      const { models, concurrency } = engine.describe();
      expect(models.length).toBeGreaterThan(0);
      expect(concurrency).toBeGreaterThanOrEqual(1);
      for (const model of models) {
        expect(model.sizes).toContainEqual(model.defaultSize);
        expect(model.sizes.every(({ width, height }) => width % 8 === 0 && height % 8 === 0)).toBe(true);
      }
    });

    it('says that it is ready', async () => {
      expect(await engine.health()).toMatchObject({ ready: true, detail: expect.stringMatching(/\.$/) });
    });

    it('draws one picture for each seed, of the size asked for, with timings', async () => {
      const request = requestFor(engine, { seeds: [1, 2, 3, 4] });
      const result = await engine.generate(request, quietly());
      expect(result.pictures).toHaveLength(4);
      for (const picture of result.pictures) expectPicture(picture, request.size);
      const distinct = new Set(result.pictures.map(({ data }) => Buffer.from(data).toString('latin1')));
      expect(distinct.size).toBe(4);
      expect(result.unsafe).toHaveLength(4);
      expect(result.unsafe.every((value) => value >= 0 && value <= 1)).toBe(true);
      const { textEncoderMs, loopMs, decoderMs, totalMs } = result.timings;
      for (const ms of [textEncoderMs, loopMs, decoderMs]) expect(ms).toBeGreaterThanOrEqual(0);
      expect(totalMs).toBeGreaterThanOrEqual(loopMs);
    }, 60_000);

    it('draws the same bytes from the same request', async () => {
      const request = requestFor(engine);
      const first = await engine.generate(request, quietly());
      const second = await engine.generate(request, quietly());
      expect(second.pictures.map(bytesOf)).toEqual(first.pictures.map(bytesOf));
    }, 60_000);

    it('draws something else for another prompt', async () => {
      const first = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
      const second = await engine.generate(requestFor(engine, { seeds: [7], prompt: 'a blue boat' }), quietly());
      expect(second.pictures.map(bytesOf)).not.toEqual(first.pictures.map(bytesOf));
    }, 60_000);

    it('tells each step once and in order, and shows previews when they are due', async () => {
      const seen: EngineProgress[] = [];
      const request = requestFor(engine, { previewEvery: 2 });
      await engine.generate(request, quietly({ onProgress: (progress) => seen.push(progress) }));
      expect(seen.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
      expect(seen.every(({ steps }) => steps === 4)).toBe(true);
      expect(seen.map(({ previews }) => previews?.length ?? 0)).toEqual([0, 2, 0, 2]);
      const { width, height } = request.size;
      for (const preview of seen[1]?.previews ?? []) expectPicture(preview, { width: width / 8, height: height / 8 });
    }, 60_000);

    it('shows no preview when none was asked for', async () => {
      const seen: EngineProgress[] = [];
      await engine.generate(requestFor(engine), quietly({ onProgress: (progress) => seen.push(progress) }));
      expect(seen.some(({ previews }) => previews !== undefined)).toBe(false);
    }, 60_000);

    it('starts from a picture where the model can, with fewer steps', async () => {
      const [model] = engine.describe().models;
      if (!model?.canStartFromPicture) return;
      const seen: EngineProgress[] = [];
      const init = { picture: stripes(model.defaultSize), strength: 0.5 };
      const request = requestFor(engine, { seeds: [7], init });
      const result = await engine.generate(request, quietly({ onProgress: (progress) => seen.push(progress) }));
      expect(seen.map(({ step, steps }) => [step, steps])).toEqual([
        [1, 2],
        [2, 2],
      ]);
      result.pictures.forEach((picture) => {
        expectPicture(picture, request.size);
      });
      const otherStart = { picture: stripes(model.defaultSize, 90), strength: 0.5 };
      const other = await engine.generate({ ...request, init: otherStart }, quietly());
      expect(other.pictures.map(bytesOf)).not.toEqual(result.pictures.map(bytesOf));
    }, 60_000);

    it('keeps the picture’s own pixels where a mask is black, and draws anew where it is white', async () => {
      const [model] = engine.describe().models;
      if (!model?.canPaintWithin) return;
      const size = model.defaultSize;
      const picture = stripes(size);
      const isDrawn = (x: number, y: number) => x >= size.width / 2 && y >= size.height / 2;
      const mask = greyOf(size, (x, y) => (isDrawn(x, y) ? 255 : 0));
      const { pictures } = await engine.generate(
        requestFor(engine, { seeds: [7], init: { picture, strength: 0.75, mask } }),
        quietly(),
      );
      const drawn = pictures[0] as RgbPicture; // there was one seed
      expectPicture(drawn, size);
      let changed = 0;
      for (let y = 0; y < size.height; y++) {
        for (let x = 0; x < size.width; x++) {
          const at = (y * size.width + x) * 3;
          const isSame = [0, 1, 2].every((channel) => drawn.data[at + channel] === picture.data[at + channel]);
          if (!isSame && !isDrawn(x, y)) throw new Error(`Expected pixel ${x},${y} to be kept.`);
          if (!isSame) changed++;
        }
      }
      expect(changed).toBeGreaterThan((size.width * size.height) / 8);
    }, 60_000);

    it('draws at each of its speeds, all steps told', async () => {
      const [model] = engine.describe().models;
      expect(model?.speeds[0]).toBe('exact');
      for (const speed of model?.speeds ?? []) {
        const steps: number[] = [];
        const request = requestFor(engine, { seeds: [7], steps: 6, speed });
        const onProgress = ({ step }: EngineProgress) => void steps.push(step);
        const { pictures } = await engine.generate(request, quietly({ onProgress }));
        expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
        expectPicture(pictures[0] as RgbPicture, request.size); // there was one seed
      }
    }, 60_000);

    it('follows each kind of control picture that it says it can', async () => {
      const [model] = engine.describe().models;
      const plain = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
      for (const kind of model?.controls ?? []) {
        const control = { picture: stripes(model?.defaultSize ?? { width: 0, height: 0 }), kind, scale: 1 };
        const followed = await engine.generate(requestFor(engine, { seeds: [7], control }), quietly());
        expect(followed.pictures.map(bytesOf)).not.toEqual(plain.pictures.map(bytesOf));
      }
    }, 60_000);

    it('heeds the strength of its LoRA, where it has one', async () => {
      const [model] = engine.describe().models;
      if (model == null || model.loraScale === null) return;
      const draw = async (loraScale: number) =>
        (await engine.generate(requestFor(engine, { seeds: [7], loraScale }), quietly())).pictures.map(bytesOf);
      expect(await draw(0)).not.toEqual(await draw(model.loraScale || 1));
    }, 60_000);

    it('refuses in a sentence what its model cannot do, and masks and control pictures that do not fit', async () => {
      const [model] = engine.describe().models;
      if (model === undefined) throw new Error('Expected the engine to have a model.');
      const refusal = (changes: Partial<GenerateRequest>) =>
        engine.generate(requestFor(engine, changes), quietly()).then(
          () => 'drawn',
          (thrown: unknown) => (thrown instanceof InvalidRequestError ? thrown.message : String(thrown)),
        );
      const small = { width: 8, height: 8 };
      const picture = stripes(model.defaultSize);
      const mask = greyOf(model.canPaintWithin ? small : model.defaultSize, () => 255);
      expect(await refusal({ init: { picture, strength: 0.5, mask } })).toMatch(
        model.canPaintWithin ? /mask.*got 8x8\./ : /Expected no (mask|starting picture)/,
      );
      const [kind = 'canny'] = model.controls;
      expect(await refusal({ control: { picture: stripes(small), kind, scale: 1 } })).toMatch(
        model.controls.length > 0 ? /control picture.*got 8x8\./ : /Expected no control picture.*cannot follow one/,
      );
      if (model.controls.length > 0) {
        expect(await refusal({ control: { picture, kind, scale: 3 } })).toMatch(/control scale.*0 to 2, got 3\./);
        expect(await refusal({ control: { picture, kind: 'pose' as never, scale: 1 } })).toMatch(/kind .*got pose\./);
      }
      expect(await refusal({ loraScale: 5 })).toMatch(
        model.loraScale === null ? /has no LoRA, got 5\./ : /`loraScale` to be 0 to 2, got 5\./,
      );
      expect(await refusal({ speed: 'warp' as never })).toMatch(/`speed` to be one of exact.*got warp\./);
    });

    it('stops within one step when it is aborted, and rejects with the reason of the signal', async () => {
      const controller = new AbortController();
      const reason = new Error('changed my mind');
      const seen: number[] = [];
      const drawing = engine.generate(
        requestFor(engine, { steps: 150 }),
        quietly({
          signal: controller.signal,
          onProgress: ({ step }) => {
            seen.push(step);
            if (step === 2) controller.abort(reason);
          },
        }),
      );
      await expect(drawing).rejects.toBe(reason);
      expect(seen.length).toBeLessThanOrEqual(3);
      const after = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
      expect(after.pictures).toHaveLength(1);
    }, 60_000);

    it('fails the request, and only that, when its listener throws', async () => {
      const onProgress = () => {
        throw new Error('listener broke');
      };
      await expect(engine.generate(requestFor(engine), quietly({ onProgress }))).rejects.toThrow('listener broke');
      const after = await engine.generate(requestFor(engine, { seeds: [7] }), quietly());
      expect(after.pictures).toHaveLength(1);
    }, 60_000);

    it('draws nothing when the signal is aborted beforehand', async () => {
      const seen: number[] = [];
      const signal = AbortSignal.abort(new Error('too late'));
      const drawing = engine.generate(
        requestFor(engine),
        quietly({ signal, onProgress: ({ step }) => seen.push(step) }),
      );
      await expect(drawing).rejects.toThrow('too late');
      expect(seen).toEqual([]);
    });

    const wrong: readonly [string, Partial<GenerateRequest>, RegExp][] = [
      ['0 steps', { steps: 0 }, /`steps`.*1 to 150, got 0\./],
      ['900 steps', { steps: 900 }, /`steps`.*1 to 150, got 900\./],
      ['half a step', { steps: 1.5 }, /`steps`.*got 1\.5\./],
      ['a guidance scale of NaN', { guidanceScale: Number.NaN }, /`guidanceScale`.*0 to 30, got NaN\./],
      ['a guidance scale of 31', { guidanceScale: 31 }, /`guidanceScale`.*got 31\./],
      ['no seed', { seeds: [] }, /1 to 4 seeds.*got 0\./],
      ['five seeds', { seeds: [1, 2, 3, 4, 5] }, /1 to 4 seeds.*got 5\./],
      ['a negative seed', { seeds: [-1] }, /seed.*0 to 4294967295, got -1\./],
      ['a seed above 32 bits', { seeds: [2 ** 32] }, /seed.*got 4294967296\./],
      ['a size that is not offered', { size: { width: 120, height: 8 } }, /`size`.*got 120x8\./],
      ['an unknown model', { model: 'nobody' }, /`model`.*got nobody\./],
      ['an unknown scheduler', { scheduler: 'eval' as never }, /`scheduler`.*ddim.*got eval\./],
      ['an empty prompt', { prompt: ' ' }, /`prompt`/],
      ['a prompt of 10,000 characters', { prompt: 'a'.repeat(10_000) }, /`prompt`.*2000 characters, got 10000\./],
      ['a negative interval of previews', { previewEvery: -1 }, /`previewEvery`.*got -1\./],
    ];
    it.each(wrong)('refuses %s with a sentence', async (_, changes, message) => {
      const error = await engine.generate(requestFor(engine, changes), quietly()).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect((error as InvalidRequestError).message).toMatch(message);
      expect((error as InvalidRequestError).retryable).toBe(false);
    });

    it('refuses a starting picture of another size and a strength of 0', async () => {
      const [model] = engine.describe().models;
      if (!model?.canStartFromPicture) return;
      const small = { picture: stripes({ width: 8, height: 8 }), strength: 0.5 };
      await expect(engine.generate(requestFor(engine, { init: small }), quietly())).rejects.toThrow(/got 8x8\./);
      const weak = { picture: stripes(model.defaultSize), strength: 0 };
      await expect(engine.generate(requestFor(engine, { init: weak }), quietly())).rejects.toThrow(/`strength`/);
    });

    it('aborts what runs when it is closed, refuses what comes later, and closes twice', async () => {
      const other = await createEngine();
      const started = Promise.withResolvers<void>();
      const drawing = other.generate(
        requestFor(other, { steps: 150 }),
        quietly({ onProgress: () => started.resolve() }),
      );
      const outcome = drawing.catch((thrown: unknown) => thrown);
      await started.promise;
      await Promise.all([other.close(), other.close()]);
      await other.close();
      expect(await outcome).toMatchObject({ code: 'engine_closed' });
      expect(await outcome).toBeInstanceOf(QuartetError);
      await expect(other.generate(requestFor(other), quietly())).rejects.toMatchObject({ code: 'engine_closed' });
      expect((await other.health()).ready).toBe(false);
    }, 60_000);
  });
}

function expectPicture(picture: RgbPicture, size: { readonly width: number; readonly height: number }): void {
  expect([picture.width, picture.height]).toEqual([size.width, size.height]);
  expect(picture.data).toBeInstanceOf(Uint8Array);
  expect(picture.data.length).toBe(size.width * size.height * 3);
}

function bytesOf(picture: RgbPicture): Buffer {
  return Buffer.from(picture.data);
}

/** A picture to start from. */
export function stripes({ width, height }: { readonly width: number; readonly height: number }, hue = 0): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = (Math.floor(at / 96) * 40 + (at % 3) * 60 + hue) % 256;
  return { width, height, data };
}

/** A grey picture of this size. */
export function greyOf(
  { width, height }: { readonly width: number; readonly height: number },
  value: (x: number, y: number) => number,
): GreyPicture {
  const data = Uint8Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width)));
  return { width, height, data };
}
