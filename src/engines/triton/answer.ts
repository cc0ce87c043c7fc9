import type { ModelInferResponse } from '../../../proto/gen/inference_pb.ts';
import type { EngineProgress, GenerateRequest, GenerateResult, PictureSize, RgbPicture } from '../image-engine.ts';
import { badAnswer } from './errors.ts';
import { type OutputTensor, outputNames, readOutput } from './tensors.ts';

/** What one message of a drawing's stream says; Triton may end a stream with a message that carries nothing. */
export type Answer =
  | { readonly type: 'progress'; readonly progress: EngineProgress }
  | { readonly type: 'pictures'; readonly result: Omit<GenerateResult, 'unknownWords'> }
  | { readonly type: 'nothing' };

/** Reads a message; throws `engine_bad_answer` for all that is not what `request` asked for. */
export function readAnswer(response: ModelInferResponse, request: GenerateRequest, stepsBefore: number): Answer {
  const names = new Set(response.outputs.map(({ name }) => name));
  if (names.size === 0) return { type: 'nothing' };
  if (names.has('images')) return { type: 'pictures', result: readPictures(response, request) };
  if (names.has('step')) return { type: 'progress', progress: readProgress(response, request, stepsBefore) };
  throw badAnswer('`step` or `images`', outputNames(response));
}

function readProgress(response: ModelInferResponse, request: GenerateRequest, stepsBefore: number): EngineProgress {
  const step = readOutput(response, 'step', 'INT32', [1]).view.getInt32(0, true);
  const steps = readOutput(response, 'steps', 'INT32', [1]).view.getInt32(0, true);
  if (steps < 1 || steps > request.steps) throw badAnswer(`\`steps\` from 1 to ${request.steps}`, String(steps));
  if (step <= stepsBefore || step > steps) {
    throw badAnswer(`\`step\` from ${stepsBefore + 1} to ${steps}`, String(step));
  }
  if (!response.outputs.some(({ name }) => name === 'preview')) return { step, steps };
  const preview = readOutput(response, 'preview', 'UINT8', [request.seeds.length, 64, 64, 3]);
  const eighth = { width: request.size.width / 8, height: request.size.height / 8 };
  return { step, steps, previews: picturesOf(preview).map((picture) => stretch(picture, eighth)) };
}

function readPictures(response: ModelInferResponse, request: GenerateRequest): Omit<GenerateResult, 'unknownWords'> {
  const { seeds, size } = request;
  const images = readOutput(response, 'images', 'UINT8', [seeds.length, size.height, size.width, 3]);
  const drawn = readOutput(response, 'seeds', 'INT64', [seeds.length]).view;
  const drawnSeeds = seeds.map((_, index) => drawn.getBigInt64(index * 8, true));
  if (seeds.some((seed, index) => BigInt(seed) !== drawnSeeds[index])) {
    throw badAnswer(`the seeds ${seeds.join(', ')}`, drawnSeeds.join(', '));
  }
  const timings = floatsOf(readOutput(response, 'timings_ms', 'FP32', [4]));
  if (!timings.every((ms) => ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
    throw badAnswer('`timings_ms` from 0 and up', timings.join(', '));
  }
  const unsafe = floatsOf(readOutput(response, 'unsafe', 'FP32', [seeds.length]));
  if (!unsafe.every((value) => value >= 0 && value <= 1)) throw badAnswer('`unsafe` from 0 to 1', unsafe.join(', '));
  const [textEncoderMs = 0, loopMs = 0, decoderMs = 0, totalMs = 0] = timings;
  return { pictures: picturesOf(images), timings: { textEncoderMs, loopMs, decoderMs, totalMs }, unsafe };
}

function floatsOf({ view, shape }: OutputTensor): number[] {
  return Array.from({ length: shape[0] ?? 0 }, (_, index) => view.getFloat32(index * 4, true));
}

/** `[n, height, width, 3]` as n pictures that share its memory. */
function picturesOf({ bytes, shape: [count = 0, height = 0, width = 0] }: OutputTensor): RgbPicture[] {
  const length = height * width * 3;
  return Array.from({ length: count }, (_, index) => ({
    width,
    height,
    data: bytes.subarray(index * length, (index + 1) * length),
  }));
}

/** Previews are square on the wire, whatever shape the picture has. */
function stretch(picture: RgbPicture, { width, height }: PictureSize): RgbPicture {
  if (picture.width === width && picture.height === height) return picture;
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * picture.height) / height) * picture.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor((x * picture.width) / width)) * 3;
      data.set(picture.data.subarray(from, from + 3), at);
      at += 3;
    }
  }
  return { width, height, data };
}
