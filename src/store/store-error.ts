import { QuartetError, StoreError } from '../errors.ts';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const unavailable = /^(?:08|57P0|53|58|XX)/;
const busy = new Set(['40001', '40P01', '55P03', '57014']);

/** Anything a driver throws as a `StoreError`; our own errors pass unchanged. */
export function toStoreError(error: unknown): QuartetError {
  if (error instanceof QuartetError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (busy.has(code)) {
    return new StoreError('database_busy', 'The database could not finish in time.', { cause: error, retryable: true });
  }
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  if (!isSqlState || unavailable.test(code)) {
    return new StoreError('database_unavailable', 'The database cannot be reached at present.', {
      cause: error,
      retryable: true,
    });
  }
  return new StoreError('database_refused', `The database refused a statement (${code}).`, { cause: error });
}
