import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type Context, Hono } from 'hono';
import { type Language, languageOf, languages, messagesFor } from '../../messages/messages.ts';
import { pageWords } from './page-words.ts';
import { renderPage } from './render-page.ts';
import { localeOf } from './viewer.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Serves the page in the browser's language, and its own files: a closed list, read once, so that no path of a
 * request reaches the disk.
 */
export async function createPageFiles(folder: string = join(import.meta.dirname, 'page')): Promise<Hono> {
  const routes = new Hono();
  for (const name of await readdir(folder)) {
    const type = types[extname(name)];
    if (type !== undefined) routes.get(`/page/${name}`, answerWith(await readFile(join(folder, name)), type));
  }
  const template = await readFile(join(folder, 'index.html'), 'utf8');
  const pageIn = (language: Language) => {
    const html = renderPage(template, language, pageWords(messagesFor(language)));
    return answerWith(Buffer.from(html), 'text/html; charset=utf-8');
  };
  const pages = new Map(languages.map((language) => [language, pageIn(language)]));
  routes.get('/', (context) => {
    const language = languageOf(localeOf(context)) ?? 'en';
    context.header('Vary', 'Accept-Language');
    context.header('Content-Language', language);
    return pages.get(language)?.(context) ?? context.notFound();
  });
  return routes;
}

function answerWith(bytes: Uint8Array<ArrayBuffer>, type: string): (context: Context) => Response {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return (context) => {
    context.header('ETag', etag);
    context.header('Cache-Control', 'no-cache');
    if (context.req.header('if-none-match') === etag) return context.body(null, 304);
    return context.body(bytes, 200, { 'Content-Type': type });
  };
}
