import { afterEach, describe, expect, it } from 'vitest';
import type { GenerateRequest, ImageEngine } from '../../../src/engines/image-engine.ts';
import { missingInputs } from '../../../src/engines/triton/infer-request.ts';
import type { TritonServer, TritonServerOptions } from '../../servers/triton.ts';
import { greyOf, quietly, requestFor, stripes } from '../image-engine-contract.ts';
import { closeAll, open, serve } from './open-engine.ts';

afterEach(closeAll);

const everything = {
  canPaintWithin: true,
  controls: ['canny', 'depth'],
  loraScale: 0.8,
  speeds: ['exact', 'cutoff', 'fast'],
  safetyChecker: true,
};
const describing = (changes: object, id = 'able') => JSON.stringify({ models: [{ id, ...changes }] });
const size = { width: 512, height: 512 };
const without =
  (...names: string[]): NonNullable<TritonServerOptions['changeMetadata']> =>
  (metadata) => {
    metadata.inputs = metadata.inputs.filter(({ name }) => !names.includes(name));
  };
const abilitiesOf = (engine: ImageEngine) => {
  const [model] = engine.describe().models;
  const { canPaintWithin, controls, loraScale, speeds, safetyChecker } = model ?? {};
  return { canPaintWithin, controls, loraScale, speeds, safetyChecker };
};
const none = { canPaintWithin: false, controls: [], loraScale: null, speeds: ['exact'], safetyChecker: false };

/** The inputs of the last request beyond those of every drawing. */
function extrasOf({ requests }: TritonServer) {
  const request = requests.at(-1);
  const usual = ['prompt', 'negative_prompt', 'seeds', 'steps', 'guidance_scale', 'scheduler', 'size', 'preview_every'];
  const sent = request?.inputs.map(({ name, datatype, shape }, index) => {
    const raw = Buffer.from(request.rawInputContents[index] ?? []);
    return [
      name,
      datatype,
      shape.map(Number),
      raw.length > 100 ? `${raw.length} bytes` : raw.toString('latin1'),
    ] as const;
  });
  return sent?.filter(([name]) => !usual.includes(name));
}

describe('what a model can do', () => {
  it('comes from its description', async () => {
    const { url } = await serve({ description: describing(everything) });
    expect(abilitiesOf(await open([url]))).toEqual(everything);
  });

  it('is little where the description does not say', async () => {
    const { url } = await serve({ description: describing({}) });
    expect(abilitiesOf(await open([url]))).toEqual(none);
  });

  it('leaves out what we have no word for, and what was said wrongly, without losing the server', async () => {
    const description = describing({
      canPaintWithin: 'yes',
      controls: ['pose', 'depth', 7],
      loraScale: 'strong',
      speeds: ['warp', 'fast'],
      safetyChecker: null,
    });
    const { url } = await serve({ description });
    expect(abilitiesOf(await open([url]))).toEqual({ ...none, controls: ['depth'], speeds: ['exact', 'fast'] });
  });

  it('is no more than an older server can be asked for, which is used all the same', async () => {
    const old = without('mask', 'control', 'lora_scale', 'speed');
    const { url } = await serve({ description: describing(everything), changeMetadata: old });
    const engine = await open([url]);
    // Without the input that names one, a second kind of control could not be asked for.
    expect(abilitiesOf(engine)).toEqual({ ...none, safetyChecker: true });
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
    const speed = engine.generate(requestFor(engine, { speed: 'fast' }), quietly());
    await expect(speed).rejects.toMatchObject({
      code: 'invalid_speed',
      message: expect.stringMatching(/exact, got fast/),
    });
    const picture = stripes(size);
    const mask = greyOf(size, (x) => (x < 9 ? 255 : 0));
    const painted = engine.generate(requestFor(engine, { init: { picture, strength: 0.5, mask } }), quietly());
    await expect(painted).rejects.toThrow('`able` cannot draw a part of a picture anew');
  });

  it('is what all of several servers can do, so that any of them may be asked', async () => {
    const whole = await serve({ description: describing(everything) });
    const half = await serve({
      description: describing({ ...everything, controls: ['depth'], speeds: ['exact', 'fast'] }),
    });
    const engine = await open([whole.url, half.url]);
    await expect
      .poll(() => abilitiesOf(engine))
      .toEqual({
        ...everything,
        controls: ['depth'],
        speeds: ['exact', 'fast'],
      });
  });

  it('follows a server that is changed while the program runs', async () => {
    let hidden: string[] = [];
    const changeMetadata: TritonServerOptions['changeMetadata'] = (metadata) => without(...hidden)(metadata);
    const { url } = await serve({ description: describing(everything), changeMetadata });
    const engine = await open([url]);
    hidden = ['speed', 'mask'];
    await expect.poll(() => abilitiesOf(engine)).toEqual({ ...everything, canPaintWithin: false, speeds: ['exact'] });
    hidden = [];
    await expect.poll(() => abilitiesOf(engine)).toEqual(everything);
  });

  it('is asked of no server that lacks the input for it', () => {
    const mask = greyOf(size, () => 255);
    const request = {
      prompt: 'a boat',
      negativePrompt: '',
      seeds: [1],
      steps: 4,
      guidanceScale: 7,
      scheduler: 'ddim',
      size,
      model: 'able',
      previewEvery: 0,
      speed: 'fast',
      init: { picture: stripes(size), strength: 0.5, mask },
    } as const;
    expect(missingInputs(request, new Set(['init_image', 'strength']))).toEqual(['mask', 'speed']);
    expect(missingInputs(request, new Set(['init_image', 'strength', 'mask', 'speed']))).toEqual([]);
  });
});

describe('what is sent', () => {
  const drawn = async (changes: Partial<GenerateRequest>) => {
    const server = await serve({ description: describing(everything) });
    const engine = await open([server.url]);
    await engine.generate(requestFor(engine, { seeds: [1], ...changes }), quietly());
    return extrasOf(server);
  };
  const picture = stripes(size);

  it('of a plain request is nothing that an older server would not know', async () => {
    expect(await drawn({})).toEqual([]);
  });

  it('of a mask is one byte a pixel', async () => {
    const mask = greyOf(size, (x) => (x < 9 ? 255 : 0));
    expect(await drawn({ init: { picture, strength: 0.5, mask } })).toEqual([
      ['init_image', 'UINT8', [512, 512, 3], '786432 bytes'],
      ['strength', 'FP32', [1], '\0\0\0?'],
      ['mask', 'UINT8', [512, 512], '262144 bytes'],
    ]);
  });

  it('of a control picture is its kind and scale as well', async () => {
    expect(await drawn({ control: { picture, kind: 'depth', scale: 0.5 } })).toEqual([
      ['control_image', 'UINT8', [512, 512, 3], '786432 bytes'],
      ['control_scale', 'FP32', [1], '\0\0\0?'],
      ['control', 'BYTES', [1], '\x05\0\0\0depth'],
    ]);
  });

  it('of LoRA and speed is a number and a name', async () => {
    expect(await drawn({ loraScale: 0.5, speed: 'cutoff' })).toEqual([
      ['lora_scale', 'FP32', [1], '\0\0\0?'],
      ['speed', 'BYTES', [1], '\x06\0\0\0cutoff'],
    ]);
  });
});
