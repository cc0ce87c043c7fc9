import { create } from '@bufbuild/protobuf';
import {
  type ModelInferRequest_InferInputTensor,
  ModelInferRequest_InferInputTensorSchema,
  type ModelInferResponse,
} from '../../../proto/gen/inference_pb.ts';
import { badAnswer } from './errors.ts';

/** The types of KServe v2 that the contract uses, and the bytes of one element; a text has as many as it needs. */
const elementBytes = { UINT8: 1, INT32: 4, INT64: 8, FP32: 4, BYTES: null } as const;

/** A type of KServe v2. */
export type Datatype = keyof typeof elementBytes;

/** A tensor to be sent: its description and its bytes travel apart. */
export interface InputTensor {
  readonly description: ModelInferRequest_InferInputTensor;
  readonly raw: Uint8Array;
}

/** Texts, each after its length in 4 little-endian bytes. */
export function textTensor(name: string, text: string): InputTensor {
  const bytes = new TextEncoder().encode(text);
  const raw = new Uint8Array(4 + bytes.length);
  new DataView(raw.buffer).setUint32(0, bytes.length, true);
  raw.set(bytes, 4);
  return tensor(name, 'BYTES', [1], raw);
}

/** Whole numbers of 32 bits. */
export function int32Tensor(name: string, values: readonly number[]): InputTensor {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setInt32(index * 4, value, true);
  });
  return tensor(name, 'INT32', [values.length], bytesOf(view));
}

/** Whole numbers of 64 bits. */
export function int64Tensor(name: string, values: readonly number[]): InputTensor {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => {
    view.setBigInt64(index * 8, BigInt(value), true);
  });
  return tensor(name, 'INT64', [values.length], bytesOf(view));
}

/** Numbers in single precision. */
export function fp32Tensor(name: string, values: readonly number[]): InputTensor {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return tensor(name, 'FP32', [values.length], bytesOf(view));
}

/** Bytes, as pictures are made of. */
export function uint8Tensor(name: string, shape: readonly number[], raw: Uint8Array): InputTensor {
  return tensor(name, 'UINT8', shape, raw);
}

function tensor(name: string, datatype: Datatype, shape: readonly number[], raw: Uint8Array): InputTensor {
  const fields = { name, datatype, shape: shape.map(BigInt) };
  return { description: create(ModelInferRequest_InferInputTensorSchema, fields), raw };
}

function bytesOf({ buffer }: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}

/** A tensor that came, its type, shape and length found right. */
export interface OutputTensor {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Reads one output; throws `engine_bad_answer` unless it has the type and shape; null stands for any length. */
export function readOutput(
  response: ModelInferResponse,
  name: string,
  datatype: Exclude<Datatype, 'BYTES'>,
  shape: readonly (number | null)[],
): OutputTensor {
  const expected = `\`${name}\` ${datatype} ${shapeText(shape)}`;
  const index = response.outputs.findIndex((output) => output.name === name);
  const output = response.outputs[index];
  if (output === undefined) throw badAnswer(expected, `only ${outputNames(response)}`);
  const dimensions = output.shape.map(Number);
  const fits =
    output.datatype === datatype &&
    dimensions.length === shape.length &&
    dimensions.every((length, at) => length >= 0 && (shape[at] === null || shape[at] === length));
  if (!fits) throw badAnswer(expected, `${output.datatype.slice(0, 20)} ${shapeText(dimensions.slice(0, 8))}`);
  const raw = response.rawOutputContents[index];
  const length = dimensions.reduce((product, dimension) => product * dimension, elementBytes[datatype]);
  if (raw?.length !== length) throw badAnswer(`${length} bytes of ${expected}`, `${raw?.length ?? 0} bytes`);
  const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.length);
  return { shape: dimensions, bytes, view: new DataView(raw.buffer, raw.byteOffset, raw.length) };
}

/** What an answer carries, for people. */
export function outputNames({ outputs }: ModelInferResponse): string {
  if (outputs.length === 0) return 'nothing';
  return outputs
    .slice(0, 10)
    .map(({ name }) => `\`${name.slice(0, 40)}\``)
    .join(', ');
}

/** `[4, any, 3]`. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((length) => length ?? 'any').join(', ')}]`;
}
