import type { DrawRequest, Job } from '../src/jobs/job.ts';
import { shownPictures } from '../src/jobs/showing.ts';
import { type Messages, messagesFor } from '../src/messages/messages.ts';
import type { ReplyButton } from './define-command.ts';

/** The buttons under a job, in the state it is in; the same on every platform. Pure. */
export function resultButtons(job: Job, messages: Messages = messagesFor(job.requester.locale)): ReplyButton[] {
  const { button: say } = messages;
  const options = { job: job.id };
  const again = { command: 'again', options, style: 'secondary' } as const;
  const edit: ReplyButton = {
    command: 'edit',
    label: say.edit,
    options,
    form: editForm(job.request),
    style: 'secondary',
  };
  switch (job.state) {
    case 'queued':
    case 'drawing':
      return [{ command: 'cancel', label: say.cancel, options, style: 'danger' }];
    case 'cancelled':
    case 'failed':
      return [{ ...again, label: say.tryAgain }, edit];
    case 'drawn':
    case 'delivered': {
      // What is withheld is nothing to go on from either.
      const numbers = shownPictures(job).map(({ index }) => index + 1);
      const onPicture = (command: 'vary' | 'enlarge', style: ReplyButton['style']) =>
        numbers.map((picture) => ({ command, label: say[command](picture), options: { ...options, picture }, style }));
      return [
        ...onPicture('vary', 'secondary'),
        // Enlarge works once: what is large already is not offered it again.
        ...(job.request.action === 'enlarge' ? [] : onPicture('enlarge', 'primary')),
        { ...again, label: say.again },
        edit,
        { command: 'details', label: say.details, options, style: 'secondary' },
        { command: 'delete', label: say.delete, options, style: 'danger' },
      ];
    }
    default:
      return job satisfies never;
  }
}

/** Five fields: more do not fit into one form everywhere. */
function editForm(request: DrawRequest): NonNullable<ReplyButton['form']> {
  return [
    { option: 'prompt', value: request.prompt },
    { option: 'negative', value: request.negativePrompt },
    { option: 'steps', value: String(request.steps) },
    { option: 'guidance', value: String(request.guidanceScale) },
    { option: 'seed', value: String(request.seed) },
  ];
}
