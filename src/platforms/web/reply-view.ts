import type { Reply } from '../../../commands/define-command.ts';
import type { Job } from '../../jobs/job.ts';
import type { JobView } from './job-view.ts';

/** A command's answer as the page gets it. */
export type ReplyView =
  | { readonly kind: 'job'; readonly job: JobView; readonly notes: readonly string[] }
  | { readonly kind: 'text' | 'queue'; readonly text: string }
  | { readonly kind: 'gallery'; readonly text: string; readonly jobs: readonly JobView[] }
  | { readonly kind: 'details'; readonly text: string; readonly job: JobView }
  | { readonly kind: 'deleted'; readonly text: string; readonly id: string };

/** Renders a reply; `view` turns a job into what the page shows of it. */
export function renderReply(reply: Reply, view: (job: Job) => JobView): ReplyView {
  switch (reply.kind) {
    case 'job':
      return { kind: 'job', job: view(reply.job), notes: reply.notes };
    case 'text':
    case 'queue':
      return { kind: reply.kind, text: reply.text };
    case 'gallery':
      return { kind: 'gallery', text: reply.text, jobs: reply.jobs.map(view) };
    case 'details':
      return { kind: 'details', text: reply.text, job: view(reply.job) };
    case 'deleted':
      return { kind: 'deleted', text: reply.text, id: reply.job.id };
    default:
      return reply satisfies never;
  }
}
