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
  /** For Triton's logs. */
  readonly id: string;
}

/** A drawing in the wire's words. Contents go raw, because typed contents cannot be mixed with them. */
export function toInferRequest(request: GenerateRequest, target: InferTarget): ModelInferRequest {
  const { size, init } = request;
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
  if (init !== undefined) {
    tensors.push(uint8Tensor('init_image', [size.height, size.width, 3], init.picture.data));
    tensors.push(fp32Tensor('strength', [init.strength]));
  }
  return create(ModelInferRequestSchema, {
    modelName: target.tritonModel,
    id: target.id,
    inputs: tensors.map(({ description }) => description),
    rawInputContents: tensors.map(({ raw }) => raw),
  });
}
