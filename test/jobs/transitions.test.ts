import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job, JobState } from '../../src/jobs/job.ts';
import {
  beginDrawing,
  cancelJob,
  failJob,
  finishDrawing,
  hasPictures,
  isUnfinished,
  markDelivered,
  putBack,
} from '../../src/jobs/transitions.ts';
import { sampleDrawing, sampleJob } from './sample-jobs.ts';

const failure = { code: 'engine_lost', message: 'The engine went away.' };
const queued = sampleJob();
const drawing = beginDrawing(queued, 10);
const drawn = finishDrawing(drawing, sampleDrawing(queued.id), 20);
const states: Record<JobState, Job> = {
  queued,
  drawing,
  drawn,
  delivered: markDelivered(drawn, 'message-1', 30),
  cancelled: cancelJob(queued, 15),
  failed: failJob(drawing, failure, 16),
};
const steps = {
  begin: { step: (job: Job) => beginDrawing(job, 40), from: ['queued'], to: 'drawing' },
  putBack: { step: putBack, from: ['drawing'], to: 'queued' },
  finish: { step: (job: Job) => finishDrawing(job, sampleDrawing(job.id), 40), from: ['drawing'], to: 'drawn' },
  deliver: { step: (job: Job) => markDelivered(job, null, 40), from: ['drawn'], to: 'delivered' },
  cancel: { step: (job: Job) => cancelJob(job, 40), from: ['queued', 'drawing', 'drawn'], to: 'cancelled' },
  fail: { step: (job: Job) => failJob(job, failure, 40), from: ['queued', 'drawing', 'drawn'], to: 'failed' },
} as const;

describe('job states', () => {
  for (const [name, { step, from, to }] of Object.entries(steps)) {
    for (const [state, job] of Object.entries(states)) {
      const isLegal = (from as readonly string[]).includes(state);
      it(`${isLegal ? 'lets' : 'does not let'} a ${state} job ${name}`, () => {
        if (isLegal) expect(step(job).state).toBe(to);
        else expect(() => step(job)).toThrow(`Expected job ${job.id} to be ${from.join(' or ')}, got ${state}`);
      });
    }
  }

  it('counts how often drawing has begun', () => {
    expect(beginDrawing(putBack(drawing), 50)).toEqual({ ...queued, state: 'drawing', attempt: 2, startedAt: 50 });
  });

  it('never changes what was asked for, by whom and where, on any legal path', () => {
    const names = fc.array(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), { maxLength: 12 });
    fc.assert(
      fc.property(names, (path) => {
        let job: Job = queued;
        for (const name of path) {
          const { step, from } = steps[name];
          if ((from as readonly string[]).includes(job.state)) job = step(job);
        }
        const { id, idempotencyKey, request, requester, replyTo, createdAt } = queued;
        expect(job).toMatchObject({ id, idempotencyKey, request, requester, replyTo, createdAt });
      }),
    );
  });

  it('tells unfinished jobs and those with pictures from the others', () => {
    const named = (test: (job: Job) => boolean) =>
      Object.keys(states).filter((state) => test(states[state as JobState]));
    expect(named(isUnfinished)).toEqual(['queued', 'drawing']);
    expect(named(hasPictures)).toEqual(['drawn', 'delivered']);
  });
});
