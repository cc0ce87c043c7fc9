import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Hono } from 'hono';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the page's own files: a closed list, read once, so that no path of a request reaches the disk. */
export async function createPageFiles(folder: string = join(import.meta.dirname, 'page')): Promise<Hono> {
  const routes = new Hono();
  for (const name of await readdir(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const bytes = await readFile(join(folder, name));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    routes.get(name === 'index.html' ? '/' : `/page/${name}`, (context) => {
      context.header('ETag', etag);
      context.header('Cache-Control', 'no-cache');
      if (context.req.header('if-none-match') === etag) return context.body(null, 304);
      return context.body(bytes, 200, { 'Content-Type': type });
    });
  }
  return routes;
}
