import type { Reply } from '../../../commands/define-command.ts';
import type { FinishedJob } from '../../jobs/job.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import { truncate } from '../../messages/truncate.ts';
import type { Asker } from './answers.ts';
import { type MessageContent, mrkdwn } from './blocks.ts';
import { bold, escapeText, toMrkdwn } from './escape.ts';
import { slackLimits } from './limits.ts';
import { messageLink } from './place.ts';
import type { Workspace } from './workspaces.ts';

const promptLength = 120;

/** Somebody's own results, each with a link to its pictures. Pure. */
export function renderGallery(
  reply: Extract<Reply, { kind: 'gallery' }>,
  { workspace, requester }: Asker,
): MessageContent {
  const lines = reply.jobs.map((job) => galleryLine(job, workspace, requester.locale));
  const text = [toMrkdwn(reply.text), ...lines].join('\n');
  const half = Math.ceil(lines.length / 2);
  return {
    text: truncate(text, slackLimits.messageText),
    // Two blocks, so that ten long lines fit.
    blocks: [mrkdwn([toMrkdwn(reply.text), ...lines.slice(0, half)].join('\n')), ...more(lines.slice(half))],
  };
}

function more(lines: readonly string[]): MessageContent['blocks'] {
  return lines.length === 0 ? [] : [mrkdwn(lines.join('\n'))];
}

/** One result in a line: what was asked, when, and where to see it. */
export function galleryLine(job: FinishedJob, workspace: Workspace, locale: string): string {
  const { home } = slackMessagesFor(locale);
  const { channel, thread, message } = job.replyTo;
  const ts = (job.state === 'delivered' ? job.message : null) ?? message;
  const link = ts === null ? '' : ` · <${messageLink(workspace.url, channel, ts, thread)}|${escapeText(home.open)}>`;
  const seconds = Math.floor(job.drawnAt / 1_000);
  const when = `<!date^${seconds}^{date_short_pretty} {time}|${new Date(job.drawnAt).toISOString().slice(0, 16)}>`;
  return `• ${bold(truncate(job.request.prompt, promptLength))} · ${when}${link}`;
}
