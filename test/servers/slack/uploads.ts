import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Platform } from './platform.ts';
import { readBytes, readForm } from './read-body.ts';
import { answerWithTrouble } from './trouble.ts';

/** The bytes of a file: `/upload/v1/<id>`, raw or as the first file of a form. */
export async function receiveBytes(
  platform: Platform,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  const { world, weather } = platform;
  const storm = weather.meet('upload');
  const type = request.headers['content-type'] ?? '';
  const body = await readBytes(request);
  if (storm !== null && !storm.afterWork) {
    answerWithTrouble(response, storm.trouble);
    return;
  }
  const file = world.files.get(id);
  const bytes = type.startsWith('multipart/form-data') ? await firstFile(body, type) : new Uint8Array(body);
  if (file === undefined || bytes === null || bytes.length !== file.length) {
    const sentence = file === undefined ? 'unknown upload' : `expected ${file.length} bytes, got ${bytes?.length ?? 0}`;
    response.writeHead(file === undefined ? 404 : 400, { 'content-type': 'text/plain' }).end(sentence);
    return;
  }
  file.bytes = bytes;
  if (file.state === 'asked_for') file.state = 'uploaded';
  world.changed();
  if (storm !== null) answerWithTrouble(response, storm.trouble);
  else response.writeHead(200, { 'content-type': 'text/plain' }).end(`OK - ${bytes.length}`);
}

async function firstFile(body: Buffer, type: string): Promise<Uint8Array | null> {
  const form = await readForm(body, type);
  const file = [...form.values()].find((value) => typeof value !== 'string');
  return file === undefined ? null : new Uint8Array(await file.arrayBuffer());
}

/** `url_private`: the bytes for who may read files, and a page to sign in on for everybody else. */
export function sendBytes(platform: Platform, request: IncomingMessage, response: ServerResponse, key: string): void {
  const { world, weather } = platform;
  const storm = weather.meet('download');
  if (storm !== null) {
    answerWithTrouble(response, storm.trouble);
    return;
  }
  const [teamId = '', fileId = ''] = key.split('-');
  const team = world.teams.get(teamId);
  const file = world.files.get(fileId);
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const allowed = team?.installed === true && token === team.botToken && team.scopes.has('files:read');
  if (!allowed) {
    // Slack sends people who are not signed in to a page, with 200 in the end: no error that a program would see.
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end('<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in to Slack</body></html>');
    return;
  }
  if (file?.team !== teamId || file.bytes === null) {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>Not found</body></html>');
    return;
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.bytes.length });
  response.end(file.bytes);
}
