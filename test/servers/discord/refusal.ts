/** The nested `errors` of "Invalid Form Body". */
export interface FormErrors {
  [key: string]: FormErrors | FormProblem[];
}

export interface FormProblem {
  readonly code: string;
  readonly message: string;
}

/** What Discord answers when it does not do what was asked. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: FormErrors | null;
  /** Only with 429. */
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    code: number,
    message: string,
    more: { errors?: FormErrors; retryAfterMs?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? null;
    this.retryAfterMs = more.retryAfterMs ?? null;
  }
}

/** Discord's refusals, each with its HTTP status, JSON code and sentence. */
export const refusals = {
  unauthorized: () => new Refusal(401, 0, '401: Unauthorized'),
  noSuchRoute: () => new Refusal(404, 0, '404: Not Found'),
  methodNotAllowed: () => new Refusal(405, 0, '405: Method Not Allowed'),
  unknownApplication: () => new Refusal(404, 10002, 'Unknown Application'),
  unknownChannel: () => new Refusal(404, 10003, 'Unknown Channel'),
  unknownGuild: () => new Refusal(404, 10004, 'Unknown Guild'),
  unknownMember: () => new Refusal(404, 10007, 'Unknown Member'),
  unknownMessage: () => new Refusal(404, 10008, 'Unknown Message'),
  unknownUser: () => new Refusal(404, 10013, 'Unknown User'),
  unknownEmoji: () => new Refusal(400, 10014, 'Unknown Emoji'),
  unknownWebhook: () => new Refusal(404, 10015, 'Unknown Webhook'),
  unknownInteraction: () => new Refusal(404, 10062, 'Unknown interaction'),
  unknownCommand: () => new Refusal(404, 10063, 'Unknown application command'),
  tooManyAttachments: () => new Refusal(400, 30015, 'Maximum number of attachments in a message reached (10)'),
  tooManyCommands: (limit: number) =>
    new Refusal(400, 30032, `Maximum number of application commands reached (${limit}).`),
  commandsPerDay: () =>
    new Refusal(400, 30034, 'Max number of daily application command creates has been reached (200)'),
  oldMessageEdits: (retryAfterMs: number) =>
    new Refusal(429, 30046, 'Maximum number of edits to messages older than 1 hour reached. Try again later.', {
      retryAfterMs,
    }),
  entityTooLarge: () => new Refusal(413, 40005, 'Request entity too large'),
  alreadyAcknowledged: () => new Refusal(400, 40060, 'Interaction has already been acknowledged.'),
  tooManyFollowUps: () =>
    new Refusal(400, 40094, 'This interaction has reached the maximum number of follow-up messages'),
  missingAccess: () => new Refusal(403, 50001, 'Missing Access'),
  notYourMessage: () => new Refusal(403, 50005, 'Cannot edit a message authored by another user'),
  emptyMessage: () => new Refusal(400, 50006, 'Cannot send an empty message'),
  cannotMessageUser: () => new Refusal(403, 50007, 'Cannot send messages to this user'),
  notATextChannel: () => new Refusal(400, 50008, 'Cannot send messages in a non-text channel'),
  missingPermissions: () => new Refusal(403, 50013, 'Missing Permissions'),
  invalidWebhookToken: () => new Refusal(401, 50027, 'Invalid Webhook Token'),
  archivedThread: () => new Refusal(400, 50083, 'Thread is archived'),
  invalidJson: () => new Refusal(400, 50109, 'The request body contains invalid JSON.'),
  cannotReplyUnread: () => new Refusal(403, 160002, 'Cannot reply without permission to read message history'),
  threadExists: () => new Refusal(400, 160004, 'A thread has already been created for this message'),
} as const;

/** "Invalid Form Body", from problems each with the path of its field. */
export function invalidForm(problems: readonly (FormProblem & { readonly path: readonly PropertyKey[] })[]): Refusal {
  const errors: FormErrors = {};
  for (const { path, code, message } of problems) {
    let node = errors;
    for (const step of path) {
      node[String(step)] ??= {};
      node = node[String(step)] as FormErrors;
    }
    node._errors ??= [];
    (node._errors as FormProblem[]).push({ code, message });
  }
  return new Refusal(400, 50035, 'Invalid Form Body', { errors });
}
