import { checkRequest } from '../engines/check-request.ts';
import type { EngineDescription, ImageEngine, PictureSize, RgbPicture } from '../engines/image-engine.ts';

const size: PictureSize = { width: 512, height: 512 };
/** From broad shapes to grain, as a photograph has them: such a picture becomes a PNG of about 330 KiB. */
const octaves = [
  { cell: 128, amplitude: 90 },
  { cell: 32, amplitude: 40 },
  { cell: 8, amplitude: 16 },
  { cell: 1, amplitude: 5 },
];
const pictureCount = 4;

const description: EngineDescription = {
  name: 'noise (bench)',
  models: [
    {
      id: 'noise',
      title: 'Noise',
      description: 'Clouds of noise, at once.',
      sizes: [size],
      defaultSize: size,
      defaultSteps: 1,
      defaultGuidanceScale: 1,
      defaultScheduler: 'ddim',
      canStartFromPicture: false,
      canPaintWithin: false,
      controls: [],
      loraScale: null,
      speeds: ['exact'],
      safetyChecker: false,
      enlarge: null,
      vocabulary: null,
    },
  ],
  // As several servers give: while some jobs are written to the disk, others are encoded.
  concurrency: 4,
};

/** An engine that answers at once, so that all the time that passes is the bot's own. Made before, drawn by nobody. */
export function createNoiseEngine(
  random: () => number,
): ImageEngine & { readonly pictureOf: (seed: number) => RgbPicture } {
  const pictures = Array.from({ length: pictureCount }, () => paint(random));
  const pictureOf = (seed: number): RgbPicture => pictures[seed % pictureCount] as RgbPicture; // there are so many
  return {
    pictureOf,
    describe: () => description,
    async generate(request, { signal, onProgress }) {
      signal.throwIfAborted();
      checkRequest(description, request);
      onProgress({ step: 1, steps: 1 });
      return {
        pictures: request.seeds.map(pictureOf),
        timings: { textEncoderMs: 0, loopMs: 0, decoderMs: 0, totalMs: 0 },
        unsafe: request.seeds.map(() => 0),
        unknownWords: [],
      };
    },
    health: async () => ({ ready: true, detail: 'Noise needs nothing.' }),
    async close() {},
  };
}

/** Sums of noise on ever finer grids, smooth between their points. */
function paint(random: () => number): RgbPicture {
  const { width, height } = size;
  const sums = new Float32Array(width * height * 3).fill(128);
  for (const { cell, amplitude } of octaves) {
    const points = width / cell + 1;
    const grid = Float32Array.from({ length: points * (height / cell + 1) * 3 }, () => (random() - 0.5) * amplitude);
    const at = (x: number, y: number, channel: number) => grid[(y * points + x) * 3 + channel] ?? 0;
    for (let index = 0; index < sums.length; index += 1) {
      const channel = index % 3;
      const x = Math.floor(index / 3) % width;
      const y = Math.floor(index / 3 / width);
      const [left, top] = [Math.floor(x / cell), Math.floor(y / cell)];
      const [right, down] = [x / cell - left, y / cell - top];
      const upper = at(left, top, channel) * (1 - right) + at(left + 1, top, channel) * right;
      const lower = at(left, top + 1, channel) * (1 - right) + at(left + 1, top + 1, channel) * right;
      sums[index] = (sums[index] ?? 0) + upper * (1 - down) + lower * down;
    }
  }
  return { width, height, data: Uint8Array.from(sums, (value) => Math.min(255, Math.max(0, Math.round(value)))) };
}
