import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  GRPCInferenceService,
  type ModelInferRequest,
  type ModelStreamInferResponse,
} from '../../../proto/gen/inference_pb.ts';
import { EngineError } from '../../errors.ts';
import { fromServiceError } from './errors.ts';
import { tritonLimits } from './limits.ts';
import { toMethodDefinition } from './service-definition.ts';

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': tritonLimits.maxReceiveBytes,
  'grpc.keepalive_time_ms': tritonLimits.keepaliveTimeMs,
  'grpc.keepalive_timeout_ms': tritonLimits.keepaliveTimeoutMs,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': tritonLimits.initialReconnectMs,
  'grpc.max_reconnect_backoff_ms': tritonLimits.maxReconnectMs,
  // Which server draws again is decided by the engine, which has to tell progress anew.
  'grpc.enable_retries': 0,
  // A new connection to the same address has to be a new one: the old one may be dead without knowing.
  'grpc.use_local_subchannel_pool': 1,
  // GPU servers stand in the same network; a proxy meant for web pages must not get prompts.
  'grpc.enable_http_proxy': 0,
};

/** Where a server is and how it is reached. */
export interface ConnectionOptions {
  /** As in the settings, for messages. */
  readonly url: string;
  /** `host:port`. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
  /** Sent with every call, as a restricted protocol or a gateway wants it. */
  readonly authHeader: { readonly name: string; readonly value: string } | null;
  readonly clock: () => number;
}

/** The calls to one server. */
export interface Connection {
  /** One question, one answer. */
  ask<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethod & { readonly input: Input; readonly output: Output },
    request: MessageShape<Input>,
    timeoutMs: number,
  ): Promise<MessageShape<Output>>;
  /** Resolves once connected; rejects with `engine_away` when that fails or takes longer. */
  connect(timeoutMs: number): Promise<void>;
  openStream(timeoutMs: number): ClientDuplexStream<ModelInferRequest, ModelStreamInferResponse>;
  /** What runs goes on until it ends. */
  close(): void;
}

const streamInfer = toMethodDefinition(GRPCInferenceService.method.modelStreamInfer);

/** A connection that is made when it is first used. */
export function createConnection(options: ConnectionOptions): Connection {
  const { url, target, credentials, authHeader, clock } = options;
  const client = new Client(target, credentials, channelOptions);
  const metadata = () => {
    const headers = new Metadata();
    if (authHeader !== null) headers.set(authHeader.name, authHeader.value);
    return headers;
  };
  const away = (why: string) =>
    new EngineError('engine_away', `Expected ${url} to answer, got ${why}.`, { retryable: true });

  return {
    ask(method, request, timeoutMs) {
      const { path, requestSerialize, responseDeserialize } = toMethodDefinition(method);
      const { promise, resolve, reject } = Promise.withResolvers<MessageShape<typeof method.output>>();
      const deadline = clock() + timeoutMs;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata(),
        { deadline },
        (error: ServiceError | null, answer) => {
          if (error !== null) reject(fromServiceError(error, url));
          else if (answer === undefined) reject(away('an empty answer'));
          else resolve(answer);
        },
      );
      return promise;
    },
    connect(timeoutMs) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const deadline = clock() + timeoutMs;
      const channel = client.getChannel();
      const look = (): void => {
        const state = channel.getConnectivityState(true);
        switch (state) {
          case connectivityState.READY:
            resolve();
            break;
          case connectivityState.TRANSIENT_FAILURE:
          case connectivityState.SHUTDOWN:
            reject(away('no connection'));
            break;
          default:
            channel.watchConnectivityState(state, deadline, (late) => {
              if (late) reject(away(`no connection within ${timeoutMs} ms`));
              else look();
            });
        }
      };
      look();
      return promise;
    },
    openStream(timeoutMs) {
      const { path, requestSerialize, responseDeserialize } = streamInfer;
      const headers = metadata();
      // Errors inside the stream become a status with a code; a Triton too old for it sends a bare sentence.
      headers.set('triton_grpc_error', 'true');
      const deadline = clock() + timeoutMs;
      return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, headers, { deadline });
    },
    close: () => client.close(),
  };
}
