import { describe, expect, it } from 'vitest';
import { jobRow } from '../../src/store/job-row.ts';
import { sampleJob } from '../jobs/sample-jobs.ts';

/** A row as an earlier version wrote it, which knew of no masks, controls, LoRA and speeds. */
function oldRow(init: unknown) {
  const { request, id, idempotencyKey, requester, replyTo } = sampleJob();
  const { control: _control, loraScale: _loraScale, speed: _speed, ...known } = request;
  return {
    id,
    idempotency_key: idempotencyKey,
    state: 'queued',
    request: { ...known, init },
    requester,
    reply_to: replyTo,
    created_at: '1700000000000',
    attempt: 0,
  };
}

describe('a job of an earlier version', () => {
  it('is read as one that asks for nothing of what came later', () => {
    expect(jobRow.parse(oldRow(null)).request).toMatchObject({
      init: null,
      control: null,
      loraScale: null,
      speed: 'exact',
    });
  });

  it('that starts from a picture starts from it without a mask', () => {
    const init = { picture: 'uploads/00000000-0000-4000-8000-000000000000.png', strength: 0.5 };
    expect(jobRow.parse(oldRow(init)).request.init).toEqual({ ...init, mask: null });
  });
});
