/** JSON as it travels. */
export type Json = Record<string, unknown>;

/** Slack says no: `{ok: false, error}`, with whatever else that error carries. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly extra: Json;

  constructor(code: string, extra: Json = {}) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}

/** Complaints about blocks and views, in the form in which the platform lists them. */
export function refuseWithMessages(code: string, messages: readonly string[]): Refusal {
  return new Refusal(code, {
    errors: messages,
    response_metadata: { messages: messages.map((message) => `[ERROR] ${message}`) },
  });
}
