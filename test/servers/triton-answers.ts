import { create } from '@bufbuild/protobuf';
import {
  type ModelInferRequest,
  type ModelStreamInferResponse,
  ModelStreamInferResponseSchema,
} from '../../proto/gen/inference_pb.ts';

/** A tensor on its way out. */
export interface AnswerTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

/** What a request asks for, read by the server's own means. */
export interface Asked {
  readonly seeds: readonly bigint[];
  readonly steps: number;
  readonly width: number;
  readonly height: number;
  readonly previewEvery: number;
  /** Of everything but the seeds. */
  readonly hash: number;
  /** The given picture, and where it is kept: where the mask is 0. */
  readonly given: { readonly picture: Uint8Array; readonly mask: Uint8Array } | null;
}

export function readAsked({ inputs, rawInputContents }: ModelInferRequest): Asked {
  const bytes = (name: string) => rawInputContents[inputs.findIndex((input) => input.name === name)];
  const view = (name: string): DataView | null => {
    const raw = bytes(name);
    return raw === undefined ? null : new DataView(raw.buffer, raw.byteOffset, raw.length);
  };
  const int = (name: string, index: number, otherwise: number) => view(name)?.getInt32(index * 4, true) ?? otherwise;
  const seeds = view('seeds');
  const steps = int('steps', 0, 50);
  const strength = view('strength')?.getFloat32(0, true) ?? 1;
  const hash = inputs.reduce(
    (sum, { name }, index) => (name === 'seeds' ? sum : fnv1a(rawInputContents[index] ?? new Uint8Array(), sum)),
    0x811c_9dc5,
  );
  return {
    seeds: Array.from(
      { length: (seeds?.byteLength ?? 0) / 8 },
      (_, index) => seeds?.getBigInt64(index * 8, true) ?? 0n,
    ),
    steps: Math.max(1, Math.floor(steps * strength)),
    width: int('size', 1, 512),
    height: int('size', 0, 512),
    previewEvery: int('preview_every', 0, 0),
    hash,
    given: readGiven(bytes('init_image'), bytes('mask')),
  };
}

function readGiven(picture: Uint8Array | undefined, mask: Uint8Array | undefined): Asked['given'] {
  return picture === undefined || mask === undefined ? null : { picture, mask };
}

export function progressTensors(asked: Asked, step: number): AnswerTensor[] {
  const tensors = [numbers('step', 'INT32', [step]), numbers('steps', 'INT32', [asked.steps])];
  if (asked.previewEvery > 0 && step % asked.previewEvery === 0) {
    tensors.push(pictures('preview', { ...asked, width: 64, height: 64, given: null }));
  }
  return tensors;
}

export function finalTensors(asked: Asked): AnswerTensor[] {
  return [
    pictures('images', asked),
    numbers('seeds', 'INT64', asked.seeds),
    numbers('timings_ms', 'FP32', [1, 2, 3, 6]),
    numbers(
      'unsafe',
      'FP32',
      asked.seeds.map(() => 0),
    ),
  ];
}

export function toAnswer(tensors: readonly AnswerTensor[]): ModelStreamInferResponse {
  const outputs = tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) }));
  return create(ModelStreamInferResponseSchema, {
    inferResponse: { outputs, rawOutputContents: tensors.map(({ raw }) => raw) },
  });
}

export function numbers(
  name: string,
  datatype: 'INT32' | 'INT64' | 'FP32',
  values: readonly (number | bigint)[],
): AnswerTensor {
  const array = {
    INT32: () => Int32Array.from(values, Number),
    INT64: () => BigInt64Array.from(values.map(BigInt)),
    FP32: () => Float32Array.from(values, Number),
  }[datatype]();
  return { name, datatype, shape: [values.length], raw: new Uint8Array(array.buffer) };
}

/** Gradients between corners that depend on everything asked for, so that a test sees whether it was heeded. */
function pictures(name: string, { seeds, width, height, hash, given }: Asked): AnswerTensor {
  const raw = new Uint8Array(seeds.length * width * height * 3);
  let at = 0;
  for (const seed of seeds) {
    const mixed = Math.imul(hash ^ Number(seed & 0xffff_ffffn), 0x9e37_79b1) >>> 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < 3; channel++) {
          raw[at++] = ((mixed >>> (channel * 8)) & 255) ^ Math.floor((x / width + y / height) * 127);
        }
      }
    }
  }
  if (given !== null) {
    const { picture, mask } = given;
    raw.forEach((_, index) => {
      const pixel = index % picture.length;
      if (mask[Math.floor(pixel / 3)] === 0) raw[index] = picture[pixel] ?? 0;
    });
  }
  return { name, datatype: 'UINT8', shape: [seeds.length, height, width, 3], raw };
}

function fnv1a(bytes: Uint8Array, before: number): number {
  let hash = before;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
