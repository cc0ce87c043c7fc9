import { settingPieces } from '../../../commands/describe-settings.ts';
import type { FinishedJob } from '../../jobs/job.ts';
import type { Messages } from '../../messages/messages.ts';

/** What drew the pictures, in one line. */
export function settingsText(job: FinishedJob, messages: Messages): string {
  return [...settingPieces(job, messages), messages.setting.model(job.request.model)].join(', ');
}
