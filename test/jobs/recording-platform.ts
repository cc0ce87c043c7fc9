import type { Job, JobId, PlatformName } from '../../src/jobs/job.ts';
import type { ChatPlatform, JobEnding, JobProgress } from '../../src/platforms/chat-platform.ts';

export interface RecordingPlatform extends ChatPlatform {
  /** What people see: one message a job. */
  readonly messages: ReadonlyMap<JobId, JobEnding>;
  /** How often `deliver` was called. */
  readonly calls: number;
  readonly progress: readonly { readonly job: Job; readonly progress: JobProgress }[];
  /** The next calls of `deliver` throw these, one a call. */
  failWith(...errors: Error[]): void;
  /** Every `deliver` stands still until the returned function is called, and heeds no signal. */
  hold(): () => void;
  /** Resolves once so many jobs have their message. */
  told(count: number): Promise<void>;
}

/** A chat of its own, that remembers by the job's id whether it has told an ending. */
export function createRecordingPlatform(name: PlatformName = 'web'): RecordingPlatform {
  const messages = new Map<JobId, JobEnding>();
  const progress: { job: Job; progress: JobProgress }[] = [];
  const failures: Error[] = [];
  let calls = 0;
  let held: Promise<void> | null = null;
  let waiters: { count: number; resolve: () => void }[] = [];
  return {
    name,
    messages,
    progress,
    get calls() {
      return calls;
    },
    failWith: (...errors) => void failures.push(...errors),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = null;
        resolve();
      };
    },
    told(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (messages.size >= count) resolve();
      else waiters.push({ count, resolve });
      return promise;
    },
    start: async () => undefined,
    showProgress: (job, shown) => void progress.push({ job, progress: shown }),
    async deliver(job) {
      calls += 1;
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      if (held !== null) await held;
      if (!messages.has(job.id)) messages.set(job.id, job);
      const due = waiters.filter(({ count }) => messages.size >= count);
      waiters = waiters.filter((waiter) => !due.includes(waiter));
      for (const { resolve } of due) resolve();
      return { message: `message of ${job.id}` };
    },
    close: async () => undefined,
  };
}
