import { setTimeout as delay } from 'node:timers/promises';
import { checkRequest } from '../../src/engines/check-request.ts';
import type {
  EngineDescription,
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  ImageEngine,
  ModelDescription,
  PictureSize,
  RgbPicture,
} from '../../src/engines/image-engine.ts';
import { unknownWords } from '../../src/engines/unknown-words.ts';
import { EngineError } from '../../src/errors.ts';

export interface InstantEngineOptions {
  /** Milliseconds that each step takes. @default 0 */
  readonly stepMs?: number;
  /** Awaited before each step, for a test that wants to stand between two steps. */
  readonly beforeStep?: (step: number, signal: AbortSignal) => Promise<void>;
  /** Thrown by the first calls of `generate`, one a call, after the request was checked. */
  readonly failures?: readonly Error[];
  /** @default 1 */
  readonly concurrency?: number;
  /** What it says of its pictures, by their place; 0 where nothing is said. */
  readonly unsafe?: readonly number[];
  /** Changes to the one model `instant`. */
  readonly model?: Partial<ModelDescription>;
}

export interface InstantEngineControls {
  /** Every request that was accepted, oldest first. */
  readonly requests: readonly GenerateRequest[];
  /** How many requests are being drawn now, and the most at once so far. */
  readonly running: { readonly now: number; readonly most: number };
  /** The next calls of `generate` throw these, one a call. */
  failWith(...errors: Error[]): void;
  /** Every drawing stands still before its next step until the returned function is called. */
  hold(): () => void;
  /** What `health()` answers. */
  setReady(ready: boolean): void;
}

const instantModel: ModelDescription = {
  id: 'instant',
  title: 'Instant',
  description: 'Gradients from the prompt and the seed.',
  sizes: [
    { width: 512, height: 512 },
    { width: 768, height: 512 },
    { width: 512, height: 768 },
    { width: 64, height: 64 },
  ],
  defaultSize: { width: 512, height: 512 },
  defaultSteps: 4,
  defaultGuidanceScale: 4,
  defaultScheduler: 'ddim',
  canStartFromPicture: true,
  canPaintWithin: true,
  controls: ['canny', 'depth', 'scribble'],
  loraScale: 0.8,
  speeds: ['exact', 'cached', 'cutoff', 'fast'],
  safetyChecker: false,
  enlarge: { factor: 2, strength: 0.3 },
  vocabulary: null,
};

/** A real engine without a model: deterministic colourful gradients, at once. */
export function createInstantEngine(options: InstantEngineOptions = {}): ImageEngine & InstantEngineControls {
  const description: EngineDescription = {
    name: 'instant (test)',
    models: [{ ...instantModel, ...options.model }],
    concurrency: options.concurrency ?? 1,
  };
  const requests: GenerateRequest[] = [];
  const failures = [...(options.failures ?? [])];
  const running = { now: 0, most: 0 };
  const closing = new AbortController();
  let ready = true;
  let held: PromiseWithResolvers<void> | null = null;

  async function draw(request: GenerateRequest, model: ModelDescription, given: GenerateOptions, signal: AbortSignal) {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    const strength = request.init?.strength ?? 1;
    const steps = Math.max(1, Math.floor(request.steps * strength));
    for (let step = 1; step <= steps; step++) {
      await options.beforeStep?.(step, signal);
      if (options.stepMs) await delay(options.stepMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      if (held !== null) await untilAborted(held.promise, signal);
      signal.throwIfAborted();
      const due = request.previewEvery > 0 && step % request.previewEvery === 0;
      const previews = due ? request.seeds.map((seed) => paint(request, seed, eighth(request.size))) : undefined;
      given.onProgress({ step, steps, ...(previews && { previews }) });
      signal.throwIfAborted();
    }
    const pictures = request.seeds.map((seed) => keepGiven(request, paint(request, seed, request.size)));
    return {
      pictures,
      timings: { textEncoderMs: 0, loopMs: 0, decoderMs: 0, totalMs: 0 },
      unsafe: request.seeds.map((_, index) => options.unsafe?.[index] ?? 0),
      unknownWords: unknownWords(request.prompt, model.vocabulary),
    } satisfies GenerateResult;
  }

  return {
    requests,
    running,
    describe: () => description,
    async generate(request, given) {
      given.signal.throwIfAborted();
      const signal = AbortSignal.any([given.signal, closing.signal]);
      signal.throwIfAborted();
      const model = checkRequest(description, request);
      requests.push(request);
      running.now++;
      running.most = Math.max(running.most, running.now);
      try {
        return await draw(request, model, given, signal);
      } finally {
        running.now--;
      }
    },
    async health() {
      if (closing.signal.aborted) return { ready: false, why: 'closed', detail: 'The instant engine is closed.' };
      if (!ready) return { ready, why: 'no_server', detail: 'The instant engine was told not to be ready.' };
      return { ready, detail: 'The instant engine is ready.' };
    },
    async close() {
      closing.abort(new EngineError('engine_closed', 'The engine was closed.', { retryable: true }));
    },
    failWith: (...errors) => void failures.push(...errors),
    hold() {
      const mine = Promise.withResolvers<void>();
      held = mine;
      return () => {
        if (held === mine) held = null;
        mine.resolve();
      };
    },
    setReady: (value) => {
      ready = value;
    },
  };
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function eighth({ width, height }: PictureSize): PictureSize {
  return { width: Math.ceil(width / 8), height: Math.ceil(height / 8) };
}

/** Where the mask is black, the given picture's own pixels. */
function keepGiven({ init }: GenerateRequest, drawn: RgbPicture): RgbPicture {
  const mask = init?.mask;
  if (mask === undefined) return drawn;
  const data = drawn.data.map((value, at) =>
    mask.data[Math.floor(at / 3)] === 0 ? (init?.picture.data[at] ?? 0) : value,
  );
  return { ...drawn, data };
}

/** Everything that a real model would heed changes the colours, so that a test sees what was asked for. */
function paint(request: GenerateRequest, seed: number, size: PictureSize): RgbPicture {
  const { prompt, negativePrompt, steps, guidanceScale, scheduler, model, init, control, loraScale, speed } = request;
  const settings = [prompt, negativePrompt, steps, guidanceScale, scheduler, model, seed, init?.strength];
  let hash = fnv1a(new TextEncoder().encode(JSON.stringify(settings)));
  if (init) hash ^= fnv1a(init.picture.data);
  if (control) hash ^= fnv1a(control.picture.data) + fnv1a(new TextEncoder().encode(control.kind + control.scale));
  if (loraScale !== undefined || speed !== 'exact') hash ^= fnv1a(new TextEncoder().encode(`${loraScale} ${speed}`));
  const corner = (index: number) => Math.imul(hash ^ (index + 1), 0x9e37_79b1) >>> 0;
  const data = new Uint8Array(size.width * size.height * 3);
  let at = 0;
  for (let y = 0; y < size.height; y++) {
    const down = size.height === 1 ? 0 : y / (size.height - 1);
    for (let x = 0; x < size.width; x++) {
      const right = size.width === 1 ? 0 : x / (size.width - 1);
      for (let channel = 0; channel < 3; channel++) {
        const shift = channel * 8;
        const a = (corner(0) >>> shift) & 255;
        const b = (corner(1) >>> shift) & 255;
        const c = (corner(2) >>> shift) & 255;
        data[at++] = Math.round((a * (1 - right) + b * right) * (1 - down) + c * down);
      }
    }
  }
  return { width: size.width, height: size.height, data };
}

function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
