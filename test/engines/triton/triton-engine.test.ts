import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startTritonServer, type Weather } from '../../servers/triton.ts';
import { describeImageEngine, quietly, requestFor, stripes } from '../image-engine-contract.ts';
import { closeAll, open, openUnkept, serve } from './open-engine.ts';

afterEach(closeAll);

const contractServer = startTritonServer();
afterAll(async () => (await contractServer).kill());
describeImageEngine('Triton (a server of our own)', async () => openUnkept([(await contractServer).url]));

const ableServer = startTritonServer({
  description: JSON.stringify({
    models: [
      {
        id: 'able',
        canPaintWithin: true,
        controls: ['canny', 'depth', 'scribble'],
        loraScale: 0.8,
        speeds: ['exact', 'cached', 'cutoff', 'fp8', 'fast'],
        safetyChecker: true,
      },
    ],
  }),
});
afterAll(async () => (await ableServer).kill());
describeImageEngine('Triton (a server of our own, with a model that can do everything)', async () =>
  openUnkept([(await ableServer).url]),
);

describe('bad weather', () => {
  const cases: readonly [Weather, object][] = [
    ['half_message', { code: 'engine_bad_answer', retryable: false }],
    ['missing_bytes', { code: 'engine_bad_answer', message: expect.stringMatching(/1572864 bytes.*got 786432 bytes/) }],
    [
      'wrong_shape',
      { code: 'engine_bad_answer', message: expect.stringMatching(/\[2, 512, 512, 3\].*\[3, 512, 512, 2\]/) },
    ],
    ['wrong_type', { code: 'engine_bad_answer', message: expect.stringMatching(/UINT8.*got FP32/) }],
    ['wrong_seeds', { code: 'engine_bad_answer', message: expect.stringMatching(/seeds 7, 8.*got 99, 99/) }],
    ['no_pictures', { code: 'engine_bad_answer', message: expect.stringMatching(/the end after step 1/) }],
    ['unknown_outputs', { code: 'engine_bad_answer', message: expect.stringMatching(/got `logits`/) }],
    ['step_backwards', { code: 'engine_bad_answer', message: expect.stringMatching(/`step` from 2 to 4.*got 1/) }],
    ['not_a_number', { code: 'engine_bad_answer', message: expect.stringMatching(/timings_ms.*NaN/) }],
    ['too_large', { code: 'engine_bad_answer', message: expect.stringMatching(/at most 32 MiB/) }],
    ['empty', { code: 'engine_bad_answer', message: expect.stringMatching(/got neither/) }],
    ['silence', { code: 'engine_silent', retryable: true }],
    ['hang_up', { code: 'engine_unavailable', retryable: true }],
    ['unavailable', { code: 'engine_unavailable', retryable: true }],
    ['cancelled', { code: 'engine_unavailable', retryable: true }],
    [
      'out_of_memory',
      { code: 'model_failed', retryable: true, message: expect.stringMatching(/out of memory. Tried/) },
    ],
    ['invalid', { name: 'InvalidRequestError', message: 'Expected `size` to be 512 512, got 8 8.' }],
    ['old_error', { code: 'model_failed', retryable: true }],
    ['old_refusal', { name: 'InvalidRequestError', message: 'Expected `size` to be 512 512, got 8 8.' }],
    ['queue_full', { code: 'engine_busy', retryable: true }],
  ];
  it.each(cases)('%s fails the request in plain words, and the engine goes on', async (weather, expected) => {
    const server = await serve();
    const engine = await open([server.url], { times: { silenceMs: weather === 'silence' ? 200 : 20_000 } });
    server.setWeather(weather);
    const error = await engine.generate(requestFor(engine), quietly()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    server.setWeather(null);
    await until(async () => (await engine.health()).ready);
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });

  it('draws elsewhere with the same seeds what one server failed to draw', async () => {
    const [first, second] = [await serve(), await serve()];
    const engine = await open([first.url, second.url]);
    await until(async () => engine.describe().concurrency === 2);
    const expected = await engine.generate(requestFor(engine), quietly());
    first.setWeather('out_of_memory');
    const drawn = await engine.generate(requestFor(engine), quietly());
    expect(drawn.pictures.map(({ data }) => Buffer.from(data))).toEqual(
      expected.pictures.map(({ data }) => Buffer.from(data)),
    );
    expect([first.requests.length, second.requests.length]).toEqual([2, 1]);
  });

  it('draws elsewhere when a server is killed in the middle', async () => {
    const [first, second] = [await serve(), await serve()];
    const engine = await open([first.url, second.url]);
    await until(async () => engine.describe().concurrency === 2);
    const steps: number[] = [];
    const onProgress = ({ step }: { step: number }) => {
      steps.push(step);
      if (steps.length === 2) first.kill();
    };
    const drawn = await engine.generate(requestFor(engine, { steps: 60 }), quietly({ onProgress }));
    expect(drawn.pictures).toHaveLength(2);
    expect(second.requests).toHaveLength(1);
    expect(steps.at(-1)).toBe(60);
    expect(engine.describe().concurrency).toBe(1);
    expect(await engine.health()).toMatchObject({ ready: true, detail: expect.stringMatching(/1 of 2 servers/) });
  });

  it('finishes what runs when a server says GOAWAY, and connects again', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    const steps: number[] = [];
    const onProgress = ({ step }: { step: number }) => {
      if (steps.push(step) === 2) server.goAway(10_000);
    };
    expect((await engine.generate(requestFor(engine, { steps: 60 }), quietly({ onProgress }))).pictures).toHaveLength(
      2,
    );
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });

  it('is not ready while its only server is gone, and draws again once it is back', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    server.kill();
    await until(async () => !(await engine.health()).ready);
    await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({
      code: 'engine_away',
      retryable: true,
    });
    await serve({ port: server.port });
    await until(async () => (await engine.health()).ready);
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });

  it('leaves a server that fails again and again alone for a while', async () => {
    let now = 1_000_000;
    const server = await serve();
    const engine = await open([server.url], { clock: () => Math.max(now, Date.now()) });
    now = Date.now();
    server.setWeather('out_of_memory');
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({ code: 'model_failed' });
    }
    server.setWeather(null);
    await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({ code: 'engine_away' });
    expect(server.requests).toHaveLength(3);
    expect(await engine.health()).toMatchObject({ ready: false, detail: expect.stringMatching(/left alone/) });
    now = Date.now() + 2_000;
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });
});

describe('several servers', () => {
  it('gives each drawing to the server with the fewest in its hands', async () => {
    const [first, second] = [await serve(), await serve()];
    const engine = await open([first.url, second.url], { concurrencyPerEndpoint: 2 });
    await until(async () => engine.describe().concurrency === 4);
    const releases = [first.hold(), second.hold()];
    const drawings = [1, 2, 3, 4].map((seed) => engine.generate(requestFor(engine, { seeds: [seed] }), quietly()));
    await until(async () => first.requests.length + second.requests.length === 4);
    expect([first.requests.length, second.requests.length]).toEqual([2, 2]);
    for (const release of releases) release();
    await Promise.all(drawings);
  });

  it('takes one that becomes ready later', async () => {
    const [first, second] = [await serve(), await serve()];
    second.setReady(false);
    const engine = await open([first.url, second.url]);
    expect(engine.describe().concurrency).toBe(1);
    expect((await engine.health()).detail).toMatch(/1 of 2 servers\. .*is not ready to serve `stable_diffusion`/);
    second.setReady(true);
    await until(async () => engine.describe().concurrency === 2);
  });
});

describe('the wire', () => {
  it('cancels the call when it is aborted', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const drawing = engine.generate(
      requestFor(engine, { steps: 150 }),
      quietly({ signal: controller.signal, onProgress }),
    );
    await expect(drawing).rejects.toThrow('enough');
    await until(async () => server.cancelled() === 1);
  });

  it('does not cancel a drawing that is done', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    for (let count = 0; count < 3; count++) await engine.generate(requestFor(engine), quietly());
    expect(server.cancelled()).toBe(0);
  });

  it('sends every input of the contract, raw and little-endian', async () => {
    const server = await serve();
    const engine = await open([server.url]);
    const size = { width: 512, height: 512 };
    await engine.generate(
      requestFor(engine, {
        prompt: 'ü',
        negativePrompt: '',
        seeds: [7, 2 ** 32 - 1],
        init: { picture: stripes(size), strength: 0.5 },
      }),
      quietly(),
    );
    const [request] = server.requests;
    const sent = request?.inputs.map(({ name, datatype, shape }, index) => {
      const raw = Buffer.from(request.rawInputContents[index] ?? []);
      return [name, datatype, shape.map(Number), raw.length > 100 ? `${raw.length} bytes` : raw.toString('hex')];
    });
    expect(sent).toEqual([
      ['prompt', 'BYTES', [1], '02000000c3bc'],
      ['negative_prompt', 'BYTES', [1], '00000000'],
      ['seeds', 'INT64', [2], '0700000000000000ffffffff00000000'],
      ['steps', 'INT32', [1], '04000000'],
      ['guidance_scale', 'FP32', [1], '0000f040'],
      ['scheduler', 'BYTES', [1], `04000000${Buffer.from('ddim').toString('hex')}`],
      ['size', 'INT32', [2], '0002000000020000'],
      ['preview_every', 'INT32', [1], '00000000'],
      ['init_image', 'UINT8', [512, 512, 3], '786432 bytes'],
      ['strength', 'FP32', [1], '0000003f'],
    ]);
  });

  it('opens a restricted protocol with its header, and says so where the header is wrong', async () => {
    const requiredHeader = { name: 'triton-grpc-protocol-secret', value: 'open sesame' };
    const server = await serve({ requiredHeader });
    const engine = await open([server.url], { authHeader: 'triton-grpc-protocol-secret: open sesame' });
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
    await expect(open([server.url], { times: { startMs: 0 } })).rejects.toThrow(/restricted.*TRITON_AUTH_HEADER/s);
  });
});

/** Asks again and again, until it is so or the deadline passes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { timeout: 10_000, interval: 10 }).toBe(true);
}
