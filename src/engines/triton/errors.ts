import { type ServiceError, status } from '@grpc/grpc-js';
import { EngineError, InvalidRequestError, QuartetError } from '../../errors.ts';

/** Codes of failures that may be one server's own: another server is worth a try, with the same seeds. */
const faultsOfOneServer: ReadonlySet<string> = new Set([
  'engine_away',
  'engine_unavailable',
  'engine_silent',
  'engine_bad_answer',
  'engine_model_missing',
  'engine_input_missing',
  'engine_busy',
  'model_failed',
]);

/** Whether another server may do what this one did not. */
export function mayGoElsewhere(error: unknown): boolean {
  return error instanceof QuartetError && faultsOfOneServer.has(error.code);
}

/** Whether it means that the server is to be asked again before it is given more. */
export function isAway({ code }: QuartetError): boolean {
  return code === 'engine_away' || code === 'engine_unavailable' || code === 'engine_model_missing';
}

/** An answer that breaks the contract; drawing again would break it again. */
export function badAnswer(expected: string, got: string): EngineError {
  return new EngineError('engine_bad_answer', `Expected ${expected} from Triton, got ${got}.`);
}

/** An error from grpc-js in the words of the port; `server` is the address for the message. */
export function fromServiceError(error: ServiceError, server: string): QuartetError {
  const said = plain(error.details || error.message);
  const fail = (code: string, message: string, retryable: boolean) =>
    new EngineError(code, message, { cause: error, retryable });
  // Triton refuses a missing or wrong header of a restricted protocol as UNAVAILABLE, which it is not.
  if (/protocol is restricted/i.test(said)) {
    return fail('engine_forbidden', `Expected ${server} to let us in, got "${said}": see TRITON_AUTH_HEADER.`, false);
  }
  switch (error.code) {
    case status.INVALID_ARGUMENT:
      return new InvalidRequestError('invalid_request', said, { cause: error });
    case status.UNAVAILABLE:
      if (/maximum queue size|queue is full/i.test(said)) {
        return fail('engine_busy', `Expected room in the queue of ${server}, got "${said}".`, true);
      }
      return fail('engine_unavailable', `Expected ${server} to answer, got "${said}".`, true);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return fail('engine_forbidden', `Expected ${server} to let us in, got "${said}": see TRITON_AUTH_HEADER.`, false);
    case status.NOT_FOUND:
      return fail('engine_model_missing', `Expected ${server} to serve the model, got "${said}".`, true);
    case status.RESOURCE_EXHAUSTED:
      if (/larger than max|decompressed/i.test(said)) return badAnswerFrom(error, 'a message of at most 32 MiB', said);
      return fail('engine_busy', `Expected room at ${server}, got "${said}".`, true);
    case status.DEADLINE_EXCEEDED:
      return fail('engine_timeout', `Expected ${server} to finish in time, got "${said}".`, true);
    case status.CANCELLED:
      return fail('engine_unavailable', `Expected ${server} to finish, but it cancelled: "${said}".`, true);
    case status.INTERNAL:
      if (/pars(e|ing)|deserializ/i.test(said)) return badAnswerFrom(error, 'a whole message', said);
      if (/RST_STREAM|connection|session|socket/i.test(said)) {
        return fail('engine_unavailable', `Expected ${server} to go on, got "${said}".`, true);
      }
      return fail('model_failed', `Expected ${server} to draw, got "${said}".`, true);
    default:
      return fail('model_failed', `Expected ${server} to draw, got "${said}".`, true);
  }
}

/** An error that came inside the stream, from a Triton too old to make a status of it: it has no code. */
export function fromStreamError(message: string, server: string): QuartetError {
  const said = plain(message);
  if (/^expected /i.test(said)) return new InvalidRequestError('invalid_request', said);
  const busy = /maximum queue size|queue is full/i.test(said);
  const sentence = `Expected ${server} to draw, got "${said}".`;
  return new EngineError(busy ? 'engine_busy' : 'model_failed', sentence, { retryable: true });
}

function badAnswerFrom(cause: ServiceError, expected: string, got: string): EngineError {
  return new EngineError('engine_bad_answer', `Expected ${expected} from Triton, got "${got}".`, { cause });
}

/** Without the request's id that Triton puts in front, on one line, and of bounded length. */
function plain(text: string): string {
  return text
    .replace(/^\[request id: [^\]]*\] */, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
}
