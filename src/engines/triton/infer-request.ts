import { create } from '@bufbuild/protobuf';
import { type ModelInferRequest, ModelInferRequestSchema } from '../../../proto/gen/inference_pb.ts';
import type { GenerateRequest } from '../image-engine.ts';
import { fp32Tensor, type InputTensor, int32Tensor, int64Tensor, textTensor, uint8Tensor } from './tensors.ts';

/** Where a request goes. */
export interface InferTarget {
  /** Triton's name of the model. */
  readonly tritonModel: string;
  /** Whether that model holds several sets of weights, of which the input `model` names one. */
  readonly namesModel: boolean;
  /** The inputs that the server's model has, by name. */
  readonly inputs: ReadonlySet<string>;
  /** For Triton's logs. */
  readonly id: string;
}

/**
 * The inputs that this request needs and the server's model lacks. Models are only offered with what every server can
 * be asked for, so there are some for a moment only, after a server was changed.
 */
export function missingInputs(request: GenerateRequest, inputs: ReadonlySet<string>): readonly string[] {
  return optionalTensors(request, inputs)
    .map(({ description }) => description.name)
    .filter((name) => !inputs.has(name));
}

/** A drawing in the wire's words. Contents go raw, because typed contents cannot be mixed with them. */
export function toInferRequest(request: GenerateRequest, target: InferTarget): ModelInferRequest {
  const { size } = request;
  const tensors: InputTensor[] = [
    textTensor('prompt', request.prompt),
    textTensor('negative_prompt', request.negativePrompt),
    int64Tensor('seeds', request.seeds),
    int32Tensor('steps', [request.steps]),
    fp32Tensor('guidance_scale', [request.guidanceScale]),
    textTensor('scheduler', request.scheduler),
    int32Tensor('size', [size.height, size.width]),
    // An interval beyond every step is no preview, and fits in 32 bits.
    int32Tensor('preview_every', [request.previewEvery > request.steps ? 0 : request.previewEvery]),
  ];
  if (target.namesModel) tensors.push(textTensor('model', request.model));
  tensors.push(...optionalTensors(request, target.inputs));
  return create(ModelInferRequestSchema, {
    modelName: target.tritonModel,
    id: target.id,
    inputs: tensors.map(({ description }) => description),
    rawInputContents: tensors.map(({ raw }) => raw),
  });
}

/** Only what was asked for: a server that never heard of the rest draws all the same. */
function optionalTensors(request: GenerateRequest, inputs: ReadonlySet<string>): InputTensor[] {
  const { size, init, control, loraScale, speed } = request;
  const tensors: InputTensor[] = [];
  if (init !== undefined) {
    tensors.push(uint8Tensor('init_image', [size.height, size.width, 3], init.picture.data));
    tensors.push(fp32Tensor('strength', [init.strength]));
    if (init.mask !== undefined) tensors.push(uint8Tensor('mask', [size.height, size.width], init.mask.data));
  }
  if (control !== undefined) {
    tensors.push(uint8Tensor('control_image', [size.height, size.width, 3], control.picture.data));
    tensors.push(fp32Tensor('control_scale', [control.scale]));
    // A model with a single kind of control needs no input to name it.
    if (inputs.has('control')) tensors.push(textTensor('control', control.kind));
  }
  if (loraScale !== undefined) tensors.push(fp32Tensor('lora_scale', [loraScale]));
  if (speed !== 'exact') tensors.push(textTensor('speed', speed));
  return tensors;
}
