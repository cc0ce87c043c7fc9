import type { Platform } from './platform.ts';
import type { BucketName } from './rate-limits.ts';
import type { UploadedFile } from './request-body.ts';

/** A method and a path with `:names`, as in `POST /channels/:channel/messages`. */
export type RouteName = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** One request, read and let through. */
export interface Call {
  readonly platform: Platform;
  readonly json: unknown;
  readonly files: readonly UploadedFile[];
  readonly query: URLSearchParams;
  /** A part of the path. */
  param(name: string): string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly name: RouteName;
  readonly bucket: BucketName | null;
  /** The parts of the path that have limits of their own. */
  readonly major: readonly string[];
  /** Interaction endpoints know their caller by the token in the path. */
  readonly open: boolean;
  readonly answer: (call: Call) => ApiAnswer | Promise<ApiAnswer>;
}

export interface RouteOptions {
  readonly bucket?: BucketName | null;
  readonly open?: boolean;
}

export function route(name: RouteName, answer: Route['answer'], options: RouteOptions = {}): Route {
  const { bucket = 'other', open = false } = options;
  return { name, bucket, open, answer, major: ['channel', 'guild', 'token'] };
}

export const ok = (body: unknown): ApiAnswer => ({ status: 200, body });
export const noContent: ApiAnswer = { status: 204 };

/** Find the route of a request, and the named parts of its path. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly params: ReadonlyMap<string, string> } | 'other method' | null {
  let known = false;
  for (const candidate of routes) {
    const [itsMethod, pattern] = candidate.name.split(' ') as [string, string];
    const params = match(pattern, path);
    if (params === null) continue;
    known = true;
    if (itsMethod === method) return { route: candidate, params };
  }
  return known ? 'other method' : null;
}

function match(pattern: string, path: string): Map<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params = new Map<string, string>();
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (part.startsWith(':')) params.set(part.slice(1), decodeURIComponent(value));
    else if (part !== value) return null;
  }
  return params;
}
