export interface QuartetErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call can succeed later. @default false */
  readonly retryable?: boolean;
}

/**
 * The one error type that crosses a port. `code` is stable snake_case and keys the text that users see;
 * `message` says what was expected and what came; `cause` is for logs and never reaches a chat.
 */
export class QuartetError extends Error {
  override readonly name: string = 'QuartetError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: QuartetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** What a person asked for cannot be done as asked; the message is a sentence for that person. */
export class InvalidRequestError extends QuartetError {
  override readonly name = 'InvalidRequestError';
}

/** A cap or quota refuses the request; `retryAfterMs` says when to try again, where that is known. */
export class LimitError extends QuartetError {
  override readonly name = 'LimitError';
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, retryAfterMs: number | null) {
    super(code, message, { retryable: true });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The engine could not draw. */
export class EngineError extends QuartetError {
  override readonly name = 'EngineError';
}

/** The database or the picture store could not be reached or refused. */
export class StoreError extends QuartetError {
  override readonly name = 'StoreError';
}

/** A platform did not take a message; `retryAfterMs` is the platform's own word, where it gave one. */
export class DeliveryError extends QuartetError {
  override readonly name = 'DeliveryError';
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, options: QuartetErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Settings or files found at start are wrong; `problems` lists all of them in plain words. */
export class ConfigError extends QuartetError {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('config_invalid', problems.join('\n'));
    this.problems = problems;
  }
}
