import type { ServerResponse } from 'node:http';
import type { Trouble } from './weather.ts';

/** Answer badly; gives what to note of it. */
export function answerWithTrouble(response: ServerResponse, trouble: Trouble): string {
  switch (trouble.kind) {
    case 'ratelimited':
      response.writeHead(429, {
        'content-type': 'application/json',
        'retry-after': String(trouble.retryAfterSeconds),
      });
      response.end('{"ok":false,"error":"ratelimited"}');
      return 'ratelimited';
    case 'error':
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ ok: false, error: trouble.error }));
      return trouble.error;
    case 'status':
      response.writeHead(trouble.status, { 'content-type': 'text/html' });
      response.end('<html><body>Server Error</body></html>');
      return `status ${trouble.status}`;
    case 'silence':
      return 'silence';
    case 'hang_up':
      response.destroy();
      return 'hang_up';
    default:
      return trouble satisfies never;
  }
}
