import type { IncomingMessage } from 'node:http';
import { refusals } from './refusal.ts';

const mebibyte = 1_048_576;
/** The whole request, files and all. */
const maxRequestBytes = 25 * mebibyte;

/** A file of a multipart request, under the n of `files[n]`. */
export interface UploadedFile {
  readonly key: string;
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface RequestBody {
  readonly json: unknown;
  readonly files: readonly UploadedFile[];
}

/** Read JSON, or multipart with `payload_json` and `files[n]`. */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  const bytes = await readBytes(request);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) {
    return { json: bytes.length === 0 ? {} : parseJson(bytes.toString('utf8')), files: [] };
  }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  let json: unknown = {};
  const files: UploadedFile[] = [];
  for (const [name, value] of form.entries()) {
    const key = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (name === 'payload_json' && typeof value === 'string') json = parseJson(value);
    else if (typeof value !== 'string' && key !== undefined)
      files.push({
        key,
        filename: value.name,
        contentType: value.type,
        bytes: new Uint8Array(await value.arrayBuffer()),
      });
  }
  return { json, files };
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Read on to the end: a client that still writes would see a cut connection instead of the answer.
    if (length <= maxRequestBytes) chunks.push(chunk);
  }
  if (length > maxRequestBytes) throw refusals.entityTooLarge();
  return Buffer.concat(chunks);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refusals.invalidJson();
  }
}
