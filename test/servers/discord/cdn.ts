import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerClock } from './clock.ts';
import type { Attachment } from './world.ts';

/** Links are good for a day. */
const linkLifeMs = 86_400_000;

/** Keeps files, and hands them out against links that are signed and expire. */
export interface Cdn {
  readonly url: string;
  keep(attachment: Attachment): void;
  link(attachment: Attachment): string;
  /** Paths that were asked for, with the status they got. */
  readonly requests: readonly { readonly path: string; readonly status: number }[];
  /** Answer the next requests with this status. */
  misbehave(status: number, times?: number): void;
  close(): Promise<void>;
}

/** Start the CDN on a free port. */
export async function startCdn(clock: ServerClock): Promise<Cdn> {
  const secret = randomBytes(16);
  const files = new Map<string, Attachment>();
  const requests: { path: string; status: number }[] = [];
  let bad = { status: 500, times: 0 };

  const sign = (path: string, expires: string, issued: string): string =>
    createHmac('sha256', secret).update(`${path}?${expires}&${issued}`).digest('hex');

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://cdn');
    const path = decodeURIComponent(url.pathname);
    const [expires, issued, mark] = ['ex', 'is', 'hm'].map((name) => url.searchParams.get(name) ?? '') as [
      string,
      string,
      string,
    ];
    const file = files.get(path);
    const good = mark === sign(path, expires, issued) && Number.parseInt(expires, 16) * 1000 > clock.now();
    let status = file !== undefined && good ? 200 : 404;
    if (bad.times > 0) {
      bad.times--;
      ({ status } = bad);
    }
    requests.push({ path, status });
    if (status === 200 && file !== undefined) {
      response.writeHead(200, { 'content-type': file.contentType, 'content-length': file.bytes.length });
      response.end(file.bytes);
    } else {
      response.writeHead(status, { 'content-type': 'text/plain;charset=UTF-8' });
      response.end('This content is no longer available.');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    keep: (attachment) => files.set(attachment.path, attachment),
    link(attachment) {
      const issued = Math.floor(clock.now() / 1000).toString(16);
      const expires = Math.floor((clock.now() + linkLifeMs) / 1000).toString(16);
      const mark = sign(attachment.path, expires, issued);
      return `${url}${encodeURI(attachment.path)}?ex=${expires}&is=${issued}&hm=${mark}&`;
    },
    misbehave(status, times = 1) {
      bad = { status, times };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
