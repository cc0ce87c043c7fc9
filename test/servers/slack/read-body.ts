import type { IncomingMessage } from 'node:http';
import { type Json, Refusal } from './refusal.ts';

/** All bytes of a request. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface ApiBody {
  readonly fields: Json;
  /** `missing_charset`, `superfluous_charset`: what the platform says of a sloppy Content-Type. */
  readonly warnings: readonly string[];
}

/** The arguments of a Web API call: form, multipart or JSON, and whatever stands in the query. */
export async function readApiBody(request: IncomingMessage, url: URL): Promise<ApiBody> {
  const bytes = await readBytes(request);
  const query = Object.fromEntries(url.searchParams) as Json;
  const type = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return { fields: query, warnings: [] };
  if (type === '') throw new Refusal('missing_post_type');
  if (type.startsWith('application/json')) {
    const fields = parseJson(bytes.toString());
    return { fields: { ...query, ...fields }, warnings: /charset=utf-8/i.test(type) ? [] : ['missing_charset'] };
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const fields = Object.fromEntries(new URLSearchParams(bytes.toString())) as Json;
    return { fields: { ...query, ...fields }, warnings: type.includes('charset') ? ['superfluous_charset'] : [] };
  }
  if (type.startsWith('multipart/form-data')) {
    const form = await readForm(bytes, type);
    return { fields: { ...query, ...Object.fromEntries(form) }, warnings: [] };
  }
  throw new Refusal('invalid_post_type');
}

function parseJson(text: string): Json {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, like everything else that is no object.
  }
  throw new Refusal('invalid_json');
}

/** A multipart body, read by the platform that we run on. */
export async function readForm(bytes: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  } catch {
    throw new Refusal('invalid_form_data');
  }
}
