import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { ModelInferRequest, ModelStreamInferResponse } from '../../../proto/gen/inference_pb.ts';
import { EngineError } from '../../errors.ts';
import type { GenerateOptions, GenerateRequest, GenerateResult } from '../image-engine.ts';
import { readAnswer } from './answer.ts';
import { badAnswer, fromServiceError, fromStreamError } from './errors.ts';
import { tritonLimits } from './limits.ts';

/** What drawing over one stream needs. */
export interface DrawStreamOptions extends GenerateOptions {
  readonly call: ClientDuplexStream<ModelInferRequest, ModelStreamInferResponse>;
  readonly message: ModelInferRequest;
  readonly request: GenerateRequest;
  /** The server, for messages. */
  readonly url: string;
  readonly silenceMs: number;
}

/** Sends one request and reads its stream up to the pictures; whatever else ends it cancels the call. */
export function drawOverStream(options: DrawStreamOptions): Promise<Omit<GenerateResult, 'unknownWords'>> {
  const { call, message, request, url, silenceMs, signal, onProgress } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Omit<GenerateResult, 'unknownWords'>>();
  let stepsDone = 0;
  let silence: NodeJS.Timeout | undefined;
  let linger: NodeJS.Timeout | undefined;
  let settled = false;

  const settle = () => {
    settled = true;
    clearTimeout(silence);
    signal.removeEventListener('abort', onAbort);
  };
  const fail = (error: unknown) => {
    if (settled) return;
    settle();
    reject(error);
    call.cancel();
  };
  const onAbort = () => fail(signal.reason);
  const onSilence = () => {
    const text = `Expected ${url} to say something within ${silenceMs} ms, got nothing after step ${stepsDone}.`;
    fail(new EngineError('engine_silent', text, { retryable: true }));
  };
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(onSilence, silenceMs);
  };

  const onMessage = ({ errorMessage, inferResponse }: ModelStreamInferResponse) => {
    if (errorMessage !== '') throw fromStreamError(errorMessage, url);
    if (inferResponse === undefined) throw badAnswer('an answer or an error', 'neither');
    const answer = readAnswer(inferResponse, request, stepsDone);
    switch (answer.type) {
      case 'progress':
        stepsDone = answer.progress.step;
        listen();
        onProgress(answer.progress);
        break;
      case 'pictures':
        settle();
        resolve(answer.result);
        // The model closes its side a moment later; cancelling now would count as a cancelled drawing.
        linger = setTimeout(() => call.cancel(), tritonLimits.lingerMs).unref();
        break;
      case 'nothing':
        break;
      default:
        answer satisfies never;
    }
  };

  call.on('data', (answer: ModelStreamInferResponse) => {
    if (settled) return;
    try {
      onMessage(answer);
    } catch (error) {
      fail(error);
    }
  });
  call.on('error', (error: ServiceError) => {
    clearTimeout(linger);
    fail(fromServiceError(error, url));
  });
  call.on('end', () => {
    clearTimeout(linger);
    fail(badAnswer('pictures before the end', `the end after step ${stepsDone}`));
  });

  if (signal.aborted) {
    onAbort();
    return promise;
  }
  signal.addEventListener('abort', onAbort, { once: true });
  listen();
  call.write(message);
  call.end();
  return promise;
}
