import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMeasurement, estimateKind, estimateMs, stepsToRun } from '../../src/jobs/estimates.ts';
import { pictureKey } from '../../src/jobs/picture-store.ts';
import { createTimekeeper } from '../../src/jobs/timekeeper.ts';
import { createMemoryJobStore } from '../store/memory-job-store.ts';
import { sampleJob, sampleRequest } from './sample-jobs.ts';

const init = { picture: pictureKey(sampleJob().id, 0), strength: 0.3, mask: null };
const measured = { totalMs: 1_000, loopMs: 800, steps: 10, count: 4 };

describe('estimates', () => {
  it('takes the first measurement as it is', () => {
    expect(addMeasurement(undefined, measured)).toEqual({ fixedMs: 50, stepMs: 20, samples: 1 });
  });

  it('moves towards what is measured since', () => {
    let estimate = addMeasurement(undefined, measured);
    for (let n = 0; n < 30; n++) estimate = addMeasurement(estimate, { ...measured, loopMs: 400 });
    expect(estimate.stepMs).toBeCloseTo(10, 2);
    expect(estimate.fixedMs).toBeCloseTo(150, 1);
    expect(estimate.samples).toBe(31);
  });

  it('has no speed of steps from a job without steps, and none below zero', () => {
    expect(addMeasurement(undefined, { totalMs: 5, loopMs: 9, steps: 0, count: 1 })).toEqual({
      fixedMs: 0,
      stepMs: 0,
      samples: 1,
    });
  });

  it('estimates a job as it was measured', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 0, max: 9_000 }),
        (steps, count, loopMs, rest) => {
          const request = { ...sampleRequest, steps, count };
          const estimate = addMeasurement(undefined, { totalMs: loopMs + rest, loopMs, steps, count });
          expect(estimateMs(new Map([[estimateKind(request), estimate]]), request)).toBeCloseTo(loopMs + rest, 3);
        },
      ),
    );
  });

  it('does not guess a kind of job that was never drawn', () => {
    const estimates = new Map([[estimateKind(sampleRequest), addMeasurement(undefined, measured)]]);
    expect(estimateMs(estimates, { ...sampleRequest, size: { width: 768, height: 512 } })).toBeNull();
    expect(estimateMs(estimates, { ...sampleRequest, init })).toBeNull();
  });

  it('keeps kinds of different work apart', () => {
    const kinds = [
      sampleRequest,
      { ...sampleRequest, init },
      { ...sampleRequest, init, action: 'enlarge' as const },
      { ...sampleRequest, model: 'other' },
      { ...sampleRequest, speed: 'fast' as const },
      { ...sampleRequest, control: { picture: init.picture, kind: 'canny' as const, scale: 1 } },
    ].map(estimateKind);
    expect(new Set(kinds).size).toBe(6);
    // As earlier versions called it: what they measured still counts.
    expect(kinds[0]).toBe('instant 64x64 text');
  });

  it('knows that fewer steps run from a picture', () => {
    expect(stepsToRun({ ...sampleRequest, steps: 20, init })).toBe(6);
    expect(stepsToRun({ ...sampleRequest, steps: 1, init })).toBe(1);
    expect(stepsToRun({ ...sampleRequest, steps: 20 })).toBe(20);
  });

  it('are remembered over a restart', async () => {
    const store = createMemoryJobStore();
    const before = createTimekeeper(store);
    expect(before.estimate(sampleRequest)).toBeNull();
    await before.record(sampleRequest, { ...measured, steps: sampleRequest.steps });
    const after = createTimekeeper(store);
    await after.refresh();
    expect(after.estimate(sampleRequest)).toBeCloseTo(1_000, 6);
  });
});
