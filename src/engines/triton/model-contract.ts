import type {
  ModelConfig,
  ModelMetadataResponse,
  ModelMetadataResponse_TensorMetadata,
} from '../../../proto/gen/inference_pb.ts';
import { type Datatype, shapeText } from './tensors.ts';

interface TensorContract {
  readonly datatype: Datatype;
  /** Null for any length. */
  readonly shape: readonly (number | null)[];
  /** Whether a model without it is still one that we can use. */
  readonly optional?: true;
}

const inputs: Readonly<Record<string, TensorContract>> = {
  prompt: { datatype: 'BYTES', shape: [1] },
  negative_prompt: { datatype: 'BYTES', shape: [1] },
  seeds: { datatype: 'INT64', shape: [null] },
  steps: { datatype: 'INT32', shape: [1] },
  guidance_scale: { datatype: 'FP32', shape: [1] },
  scheduler: { datatype: 'BYTES', shape: [1] },
  size: { datatype: 'INT32', shape: [2] },
  preview_every: { datatype: 'INT32', shape: [1] },
  model: { datatype: 'BYTES', shape: [1], optional: true },
  init_image: { datatype: 'UINT8', shape: [null, null, 3], optional: true },
  strength: { datatype: 'FP32', shape: [1], optional: true },
  mask: { datatype: 'UINT8', shape: [null, null], optional: true },
  control_image: { datatype: 'UINT8', shape: [null, null, 3], optional: true },
  control_scale: { datatype: 'FP32', shape: [1], optional: true },
  control: { datatype: 'BYTES', shape: [1], optional: true },
  lora_scale: { datatype: 'FP32', shape: [1], optional: true },
  speed: { datatype: 'BYTES', shape: [1], optional: true },
};

const outputs: Readonly<Record<string, TensorContract>> = {
  step: { datatype: 'INT32', shape: [1] },
  steps: { datatype: 'INT32', shape: [1] },
  preview: { datatype: 'UINT8', shape: [null, 64, 64, 3] },
  images: { datatype: 'UINT8', shape: [null, null, null, 3] },
  seeds: { datatype: 'INT64', shape: [null] },
  timings_ms: { datatype: 'FP32', shape: [4] },
  unsafe: { datatype: 'FP32', shape: [null] },
};

/** Every difference between what the model takes and gives and what we send and read, each in one sentence. */
export function differencesOf(metadata: ModelMetadataResponse, config: ModelConfig | null): readonly string[] {
  const problems = [
    ...differences('input', inputs, metadata.inputs),
    ...differences('output', outputs, metadata.outputs),
    ...(config?.input ?? [])
      .filter(({ name, optional }) => !optional && (inputs[name] === undefined || inputs[name].optional))
      .map(({ name }) => `Expected no input but ours to be required, got \`${name}\` without \`optional: true\`.`),
  ];
  if (config !== null && config.modelTransactionPolicy?.decoupled !== true) {
    problems.push('Expected `model_transaction_policy { decoupled: true }`, got a model with one answer a request.');
  }
  return problems;
}

/** The inputs that a model has, by name. */
export function inputNames(metadata: ModelMetadataResponse): ReadonlySet<string> {
  return new Set(metadata.inputs.map(({ name }) => name));
}

function differences(
  kind: 'input' | 'output',
  contract: Readonly<Record<string, TensorContract>>,
  offered: readonly ModelMetadataResponse_TensorMetadata[],
): string[] {
  return Object.entries(contract).flatMap(([name, { datatype, shape, optional }]) => {
    const expected = `Expected ${kind} \`${name}\` ${datatype} ${shapeText(shape)}`;
    const found = offered.find((tensor) => tensor.name === name);
    if (found === undefined) return optional ? [] : [`${expected}, got none.`];
    const lengths = found.shape.map((length) => (length < 0n ? null : Number(length)));
    if (found.datatype === datatype && isCompatible(lengths, shape)) return [];
    return [`${expected}, got ${found.datatype} ${shapeText(lengths)}.`];
  });
}

function isCompatible(left: readonly (number | null)[], right: readonly (number | null)[]): boolean {
  return (
    left.length === right.length &&
    left.every((length, at) => length === null || right[at] === null || length === right[at])
  );
}
