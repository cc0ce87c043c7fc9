import type { Logger } from 'pino';
import type { JobProgress } from '../platforms/chat-platform.ts';
import type { Job } from './job.ts';
import type { JobEvent } from './jobs.ts';

/** What happens to jobs in this process, told to whoever listens. */
export interface JobEvents {
  state(job: Job): void;
  progress(job: Job, progress: JobProgress): void;
  /** Returns the way to stop. */
  subscribe(listener: (event: JobEvent) => void): () => void;
}

/** A listener that throws is logged and harms nobody else. */
export function createJobEvents(logger: Logger): JobEvents {
  const listeners = new Set<(event: JobEvent) => void>();
  const emit = (event: JobEvent) => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        logger.error({ err: error, jobId: event.job.id }, 'a listener of job events threw');
      }
    }
  };
  return {
    state: (job) => emit({ type: 'state', job }),
    progress: (job, progress) => emit({ type: 'progress', job, progress }),
    subscribe: (listener) => {
      // Wrapped, so that one function that listens twice is two listeners.
      const own = (event: JobEvent) => listener(event);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}
