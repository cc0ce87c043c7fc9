import { z } from 'zod';
import type { JobId } from '../../jobs/job.ts';

/** What a message of ours knows about itself, so that nobody has to remember it: not shown to people. */
export interface MessageNote {
  readonly job: JobId;
  /** `job`: shows place, progress and outcome. `buttons`: stands under the pictures. */
  readonly part: 'job' | 'buttons';
  /** The files that were, or are about to be, shared. Written before they are. */
  readonly files?: readonly string[];
  /** The message that shows the pictures, once it does. */
  readonly pictures?: string;
  /** The message with the buttons, once there is one. */
  readonly buttons?: string;
  /** Of the buttons: the job's own message. */
  readonly parent?: string;
}

const eventType = 'quartet_job';

const schema = z.object({
  event_type: z.literal(eventType),
  event_payload: z.object({
    // Only this program writes such a note, under its own app.
    job: z.custom<JobId>((value) => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value)),
    part: z.enum(['job', 'buttons']),
    // Slack knows no lists of texts there.
    files: z
      .string()
      .transform((list) => list.split(' '))
      .optional(),
    pictures: z.string().optional(),
    buttons: z.string().optional(),
    parent: z.string().optional(),
  }),
});

/** The note as Slack keeps it: https://docs.slack.dev/messaging/message-metadata */
export function toMetadata({ files, ...note }: MessageNote) {
  return {
    event_type: eventType,
    event_payload: { ...note, ...(files === undefined ? {} : { files: files.join(' ') }) },
  };
}

/** Null for a message that is not about a job. */
export function readMetadata(metadata: unknown): MessageNote | null {
  const parsed = schema.safeParse(metadata);
  return parsed.success ? withoutAbsent(parsed.data.event_payload) : null;
}

/** zod says of an optional field that it may be there and undefined, which it never is. */
function withoutAbsent(payload: z.output<typeof schema>['event_payload']): MessageNote {
  return payload as MessageNote;
}
