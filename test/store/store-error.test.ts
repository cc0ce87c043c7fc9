import { describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.ts';
import { toStoreError } from '../../src/store/store-error.ts';

const withCode = (code: string) => Object.assign(new Error('raw text of a driver'), { code });

describe('errors of a database', () => {
  it.each(['ECONNREFUSED', '57P01', '08006', '53300', '58030'])('%s means: cannot be reached, try again', (code) => {
    expect(toStoreError(withCode(code))).toMatchObject({ code: 'database_unavailable', retryable: true });
  });

  it.each(['40001', '40P01', '55P03', '57014'])('%s means: busy, try again', (code) => {
    expect(toStoreError(withCode(code))).toMatchObject({ code: 'database_busy', retryable: true });
  });

  it('another state is final, and names itself', () => {
    expect(toStoreError(withCode('22P02'))).toMatchObject({
      code: 'database_refused',
      retryable: false,
      message: 'The database refused a statement (22P02).',
    });
  });

  it('keeps the driver’s own error for the log only', () => {
    const raw = withCode('22P02');
    expect(toStoreError(raw).cause).toBe(raw);
    expect(toStoreError('not even an error').message).not.toContain('not even');
  });

  it('passes our own errors on', () => {
    const own = new LimitError('queue_full', 'Full.', null);
    expect(toStoreError(own)).toBe(own);
  });
});
