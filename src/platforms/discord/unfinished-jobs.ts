import type { Job, JobId } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';

/** The jobs that wait or are being drawn, known without asking anybody: as far as this process has seen them. */
export interface UnfinishedJobs {
  /** Newest first. */
  of(userId: string): readonly Job[];
  close(): void;
}

export function watchUnfinishedJobs(jobs: Pick<Jobs, 'subscribe'>): UnfinishedJobs {
  const known = new Map<JobId, Job>();
  const close = jobs.subscribe(({ job }) => {
    if (job.requester.platform !== 'discord') return;
    if (job.state === 'queued' || job.state === 'drawing') known.set(job.id, job);
    else known.delete(job.id);
  });
  return {
    of: (userId) => [...known.values()].filter(({ requester }) => requester.userId === userId).reverse(),
    close,
  };
}
