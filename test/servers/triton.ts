import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  GRPCInferenceService,
  type ModelConfigResponse,
  ModelConfigResponseSchema,
  type ModelInferRequest,
  type ModelMetadataResponse,
  ModelMetadataResponseSchema,
  type ModelReadyRequest,
  type ModelReadyResponse,
  ModelReadyResponseSchema,
  type ModelStreamInferResponse,
  ModelStreamInferResponseSchema,
} from '../../proto/gen/inference_pb.ts';
import { toServiceDefinition } from '../../src/engines/triton/service-definition.ts';
import { type AnswerTensor, finalTensors, numbers, progressTensors, readAsked, toAnswer } from './triton-answers.ts';

/** What a healthy Triton never does; each comes after the first step. */
const weathers = {
  half_message: 'a message cut in the middle',
  missing_bytes: 'pictures with half of their bytes',
  wrong_shape: 'pictures of another size',
  wrong_type: 'pictures as numbers',
  wrong_seeds: 'pictures of other seeds',
  no_pictures: 'an end without pictures',
  unknown_outputs: 'outputs that nobody asked for',
  step_backwards: 'the same step again',
  not_a_number: 'timings that are not numbers',
  too_large: 'a message of 100 MB',
  empty: 'a message with neither answer nor error',
  silence: 'nothing more',
  hang_up: 'connections that are cut',
  unavailable: 'UNAVAILABLE',
  cancelled: 'CANCELLED, though nobody cancelled',
  out_of_memory: 'an error of the model',
  invalid: 'a refusal of what was asked for',
  old_error: 'an error inside the stream, without a code',
  old_refusal: 'a refusal inside the stream, without a code',
  queue_full: 'a full queue',
} as const;

export type Weather = keyof typeof weathers;

export interface TritonServerOptions {
  /** @default a free one */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
  /** Calls without it are refused as Triton refuses them. */
  readonly requiredHeader?: { readonly name: string; readonly value: string };
  /** Of `quartet_description`. */
  readonly description?: string;
  readonly changeMetadata?: (metadata: ModelMetadataResponse) => void;
  readonly changeConfig?: (config: ModelConfigResponse) => void;
}

export interface TritonServer {
  readonly url: string;
  readonly port: number;
  /** Every drawing that was asked for, oldest first. */
  readonly requests: readonly ModelInferRequest[];
  /** Drawings that the client cancelled. */
  readonly cancelled: () => number;
  /** Of drawings after this; null is fair weather. */
  setWeather(weather: Weather | null): void;
  setReady(ready: boolean): void;
  /** Another `quartet_description` from now on. */
  describe(description: string): void;
  /** How often it was asked what it can draw. */
  readonly questions: () => number;
  /** Drawings stand still before their next step until the returned function is called. */
  hold(): () => void;
  /** Tell clients to go elsewhere, and cut what still runs after the grace. */
  goAway(graceMs: number): void;
  /** Cut every connection and listen no more, as kill -9 does. */
  kill(): void;
}

/** A server of our own that keeps the contract of `stable_diffusion`, draws gradients, and misbehaves when told to. */
export async function startTritonServer(options: TritonServerOptions = {}): Promise<TritonServer> {
  const requests: ModelInferRequest[] = [];
  let cancelled = 0;
  let weather: Weather | null = null;
  let ready = true;
  let { description } = options;
  let questions = 0;
  let held: PromiseWithResolvers<void> | null = null;
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });

  const unary =
    <Request, Response>(answer: (request: Request) => Response) =>
    (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
      const refusal = restriction(call.metadata);
      if (refusal === null) callback(null, answer(call.request));
      else callback(refusal);
    };

  const restriction = (metadata: Metadata) => {
    const { requiredHeader } = options;
    if (requiredHeader === undefined || metadata.get(requiredHeader.name)[0] === requiredHeader.value) return null;
    return failure(status.UNAVAILABLE, `This protocol is restricted, expecting header '${requiredHeader.name}'`);
  };

  const streamInfer = (call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>): void => {
    const refusal = restriction(call.metadata);
    if (refusal !== null) {
      call.emit('error', refusal);
      return;
    }
    // grpc-js says "cancelled" of every call that is over; one that the server ended is none.
    call.on('cancelled', () => {
      if (!call.writableEnded && !call.errored) cancelled++;
    });
    call.on('data', (request: ModelInferRequest) => {
      requests.push(request);
      draw(call, request).catch((error: unknown) => call.emit('error', error));
    });
  };

  const draw = async (
    call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>,
    request: ModelInferRequest,
  ) => {
    const asked = readAsked(request);
    for (let step = 1; step <= asked.steps && !call.cancelled; step++) {
      await held?.promise;
      call.write(toAnswer(progressTensors(asked, step)));
      // Between two steps a cancelled call has to be heard of.
      await (asked.steps > 50 ? delay(1) : turn());
      if (weather !== null && (await misbehave(call, weather, finalTensors(asked))) === 'over') return;
    }
    if (call.cancelled) return;
    call.write(toAnswer(finalTensors(asked)));
    call.end();
  };

  const misbehave = async (
    call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>,
    kind: Weather,
    tensors: readonly AnswerTensor[],
  ): Promise<'over'> => {
    const change = (name: string, edit: (tensor: AnswerTensor) => AnswerTensor) => {
      call.write(toAnswer(tensors.map((tensor) => (tensor.name === name ? edit(tensor) : tensor))));
      call.end();
    };
    const fail = (code: status, text: string) => void call.emit('error', failure(code, text));
    const say = (errorMessage: string) => call.write(create(ModelStreamInferResponseSchema, { errorMessage }));
    switch (kind) {
      case 'half_message':
        // Passed on as it is, see `responseSerialize` below.
        call.write(Buffer.from([0x12, 0x7f, 0x0a]) as never);
        break;
      case 'missing_bytes':
        change('images', (tensor) => ({ ...tensor, raw: tensor.raw.subarray(tensor.raw.length / 2) }));
        break;
      case 'wrong_shape':
        change('images', (tensor) => ({ ...tensor, shape: [...tensor.shape].reverse() }));
        break;
      case 'wrong_type':
        change('images', (tensor) => ({ ...tensor, datatype: 'FP32' }));
        break;
      case 'wrong_seeds':
        change('seeds', (tensor) => numbers('seeds', 'INT64', Array(tensor.shape[0]).fill(99)));
        break;
      case 'no_pictures':
        call.end();
        break;
      case 'unknown_outputs':
        call.write(toAnswer([numbers('logits', 'FP32', [1])]));
        break;
      case 'step_backwards':
        call.write(toAnswer([numbers('step', 'INT32', [1]), numbers('steps', 'INT32', [4])]));
        break;
      case 'not_a_number':
        change('timings_ms', () => numbers('timings_ms', 'FP32', [1, Number.NaN, 1, 1]));
        break;
      case 'too_large':
        change('images', (tensor) => ({ ...tensor, raw: new Uint8Array(100_000_000) }));
        break;
      case 'empty':
        call.write(create(ModelStreamInferResponseSchema));
        break;
      case 'silence':
        break;
      case 'hang_up':
        server.drain(`127.0.0.1:${port}`, 0);
        break;
      case 'unavailable':
        fail(status.UNAVAILABLE, 'Socket closed');
        break;
      case 'cancelled':
        fail(status.CANCELLED, 'request was cancelled');
        break;
      case 'out_of_memory':
        fail(status.INTERNAL, 'CUDA out of memory.\nTried to allocate 2 GiB');
        break;
      case 'invalid':
        fail(status.INVALID_ARGUMENT, '[request id: 1] Expected `size` to be 512 512, got 8 8.');
        break;
      case 'old_error':
        say('Failed to process the request(s)');
        break;
      case 'old_refusal':
        say('Expected `size` to be 512 512, got 8 8.');
        break;
      case 'queue_full':
        fail(status.UNAVAILABLE, 'Exceeds maximum queue size');
        break;
      default:
        kind satisfies never;
    }
    return 'over';
  };

  const definition = toServiceDefinition(GRPCInferenceService);
  const infer = definition.modelStreamInfer;
  if (infer === undefined) throw new Error('Expected the service to have modelStreamInfer.');
  const serialize = infer.responseSerialize;
  const service = {
    ...definition,
    modelStreamInfer: {
      ...infer,
      responseSerialize: (message: unknown) => (Buffer.isBuffer(message) ? message : serialize(message)),
    },
  };
  server.addService(service, {
    modelReady: unary<ModelReadyRequest, ModelReadyResponse>(({ name }) =>
      create(ModelReadyResponseSchema, { ready: ready && name === 'stable_diffusion' }),
    ),
    modelMetadata: unary(() => {
      const metadata = create(ModelMetadataResponseSchema, contract);
      options.changeMetadata?.(metadata);
      return metadata;
    }),
    modelConfig: unary(() => {
      questions++;
      const config = create(ModelConfigResponseSchema, {
        config: {
          name: 'stable_diffusion',
          input: contract.inputs.map(({ name }) => ({ name, optional: name !== 'prompt' && name !== 'seeds' })),
          modelTransactionPolicy: { decoupled: true },
          parameters: description === undefined ? {} : { quartet_description: { stringValue: description } },
        },
      });
      options.changeConfig?.(config);
      return config;
    }),
    modelStreamInfer: streamInfer,
  });

  const bound = Promise.withResolvers<number>();
  server.bindAsync(
    `127.0.0.1:${options.port ?? 0}`,
    options.credentials ?? ServerCredentials.createInsecure(),
    (error, boundPort) => (error === null ? bound.resolve(boundPort) : bound.reject(error)),
  );
  const port = await bound.promise;
  const scheme = options.credentials === undefined ? 'grpc' : 'grpcs';
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    cancelled: () => cancelled,
    setWeather: (kind) => {
      weather = kind;
    },
    describe: (text) => {
      description = text;
    },
    questions: () => questions,
    setReady: (value) => {
      ready = value;
    },
    hold() {
      const mine = Promise.withResolvers<void>();
      held = mine;
      return () => {
        if (held === mine) held = null;
        mine.resolve();
      };
    },
    goAway: (graceMs) => server.drain(`127.0.0.1:${port}`, graceMs),
    kill: () => server.forceShutdown(),
  };
}

function failure(code: status, details: string): Error & { code: status; details: string; metadata: Metadata } {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

const any = -1n;
const contract = {
  name: 'stable_diffusion',
  versions: ['1'],
  platform: 'python',
  inputs: [
    { name: 'prompt', datatype: 'BYTES', shape: [1n] },
    { name: 'negative_prompt', datatype: 'BYTES', shape: [1n] },
    { name: 'seeds', datatype: 'INT64', shape: [any] },
    { name: 'steps', datatype: 'INT32', shape: [1n] },
    { name: 'guidance_scale', datatype: 'FP32', shape: [1n] },
    { name: 'scheduler', datatype: 'BYTES', shape: [1n] },
    { name: 'size', datatype: 'INT32', shape: [2n] },
    { name: 'model', datatype: 'BYTES', shape: [1n] },
    { name: 'init_image', datatype: 'UINT8', shape: [any, any, 3n] },
    { name: 'strength', datatype: 'FP32', shape: [1n] },
    { name: 'mask', datatype: 'UINT8', shape: [any, any] },
    { name: 'control_image', datatype: 'UINT8', shape: [any, any, 3n] },
    { name: 'control_scale', datatype: 'FP32', shape: [1n] },
    { name: 'control', datatype: 'BYTES', shape: [1n] },
    { name: 'lora_scale', datatype: 'FP32', shape: [1n] },
    { name: 'speed', datatype: 'BYTES', shape: [1n] },
    { name: 'preview_every', datatype: 'INT32', shape: [1n] },
  ],
  outputs: [
    { name: 'step', datatype: 'INT32', shape: [1n] },
    { name: 'steps', datatype: 'INT32', shape: [1n] },
    { name: 'preview', datatype: 'UINT8', shape: [any, 64n, 64n, 3n] },
    { name: 'images', datatype: 'UINT8', shape: [any, any, any, 3n] },
    { name: 'seeds', datatype: 'INT64', shape: [any] },
    { name: 'timings_ms', datatype: 'FP32', shape: [4n] },
    { name: 'unsafe', datatype: 'FP32', shape: [any] },
  ],
};
