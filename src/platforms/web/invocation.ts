import type { Context } from 'hono';
import { z } from 'zod';
import type { Attachment, Invocation, OptionValue } from '../../../commands/define-command.ts';
import { commands, parseCommandLine } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';
import { replyToOf, requesterOf } from './viewer.ts';

// How long the texts may be is the commands' word; a body's bytes are bounded before it is read.
const keySchema = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);
const bodySchema = z.union([
  z.strictObject({ key: keySchema, line: z.string() }),
  z.strictObject({
    key: keySchema,
    command: z.string().max(64),
    options: z.record(z.string().max(64), z.union([z.string(), z.number(), z.boolean()])),
  }),
]);

/**
 * Reads one POST of the page: JSON, or a form with the same JSON in `invocation` and files, each named after the option
 * that it is for.
 */
export async function readInvocation(context: Context): Promise<Invocation> {
  const { body, files } = await readBody(context);
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    throw new InvalidRequestError(
      'invalid_body',
      'Expected {key, line} or {key, command, options}, the key of 8-64 letters and digits; got something else.',
      { cause: parsed.error },
    );
  }
  const requester = requesterOf(context);
  const messages = messagesFor(requester.locale);
  const asked = 'line' in parsed.data ? parseCommandLine(parsed.data.line, messages) : parsed.data;
  return {
    command: asked.command,
    options: { ...asked.options, ...readFiles(asked.command, files, messages) },
    requester,
    replyTo: replyToOf(requester),
    idempotencyKey: `web:${requester.userId}:${parsed.data.key}`,
  };
}

type Files = readonly (readonly [string, File])[];

async function readBody(context: Context): Promise<{ readonly body: unknown; readonly files: Files }> {
  const type = context.req.header('content-type')?.toLowerCase() ?? '';
  try {
    if (type.startsWith('application/json')) return { body: await context.req.json(), files: [] };
    if (type.startsWith('multipart/form-data')) {
      const form = await context.req.formData();
      const invocation = form.get('invocation');
      const files = [...form].flatMap(([name, file]) => (file instanceof File ? [[name, file] as const] : []));
      if (typeof invocation === 'string') return { body: JSON.parse(invocation), files };
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'BodyLimitError') throw error;
    throw new InvalidRequestError(
      'invalid_body',
      'Expected a body that is valid JSON or a complete form, got one that cannot be read.',
      { cause: error },
    );
  }
  throw new InvalidRequestError(
    'invalid_body',
    `Expected application/json or multipart/form-data, got ${type === '' ? 'no type' : `“${type.slice(0, 60)}”`}.`,
  );
}

function readFiles(name: string, files: Files, messages: Messages): Readonly<Record<string, OptionValue>> {
  const command = commands.find((known) => known.name === name);
  const pictures = command?.options.filter(({ type }) => type === 'picture') ?? [];
  const stray = files.find(([option]) => !pictures.some((picture) => picture.name === option));
  if (stray !== undefined) {
    const typed = `/${command?.text(messages).name ?? name}`;
    throw new InvalidRequestError('picture_not_wanted', messages.web.pictureNotWanted(typed));
  }
  return Object.fromEntries(files.map(([option, file]) => [option, attachmentOf(file)]));
}

function attachmentOf(file: File): Attachment {
  return {
    name: file.name.slice(0, 200),
    bytes: file.size,
    async fetch({ maxBytes, signal }) {
      signal.throwIfAborted();
      if (file.size > maxBytes) {
        throw new InvalidRequestError(
          'picture_too_large',
          `Expected a picture of at most ${maxBytes} bytes, got ${file.size}.`,
        );
      }
      return new Uint8Array(await file.arrayBuffer());
    },
  };
}
