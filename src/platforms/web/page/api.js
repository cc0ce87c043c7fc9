import { fill, words } from './words.js';

/** @typedef {import('../reply-view.ts').ReplyView} ReplyView */
/** @typedef {{ line: string } | { command: string, options: Record<string, string | number | boolean> }} Ask */

/** What the server said no to, in a sentence; `offline` where it could not be reached at all. */
export class ApiError extends Error {
  /** @param {string} message @param {boolean} offline */
  constructor(message, offline = false) {
    super(message);
    this.offline = offline;
  }
}

/** A key that makes the same message sent twice one job. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {string} key
 * @param {Ask} ask
 * @param {Readonly<Record<string, File>>} [files] by the option that each is for
 * @returns {Promise<ReplyView>}
 */
export async function sendCommand(key, ask, files = {}) {
  const invocation = JSON.stringify({ key, ...ask });
  if (Object.keys(files).length === 0) {
    return request('/api/commands', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: invocation,
    });
  }
  const form = new FormData();
  form.set('invocation', invocation);
  for (const [option, file] of Object.entries(files)) form.set(option, file);
  return request('/api/commands', { method: 'POST', body: form });
}

/** @param {string} path @param {RequestInit} [init] @returns {Promise<any>} */
export async function request(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError(words.notSent, true);
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new ApiError(
    body?.error?.message ?? fill(words.noReason, { status: String(response.status) }),
    response.status >= 502,
  );
}
