import type { types } from '@slack/bolt';
import type { CommandServices, Reply } from '../../../commands/define-command.ts';
import { resultButtons } from '../../../commands/result-buttons.ts';
import { settings as settingsCommand } from '../../../commands/settings.ts';
import type { FinishedJob } from '../../jobs/job.ts';
import type { QueueOverview } from '../../jobs/jobs.ts';
import { messagesFor } from '../../messages/messages.ts';
import { slackMessagesFor } from '../../messages/slack.ts';
import { truncate } from '../../messages/truncate.ts';
import type { ButtonIds } from '../button-id.ts';
import { context, mrkdwn } from './blocks.ts';
import { renderButtons } from './buttons.ts';
import { bold, toMrkdwn } from './escape.ts';
import { galleryLine } from './gallery.ts';
import type { Reading } from './invoker.ts';
import { slackLimits } from './limits.ts';
import { toReplyTo } from './place.ts';
import type { Workspace } from './workspaces.ts';

/** The buttons of the home tab that are about no job. */
export const homeActions = { draw: 'quartet:home:draw', refresh: 'quartet:home:refresh' } as const;

const shownResults = 8;
const shownJobs = 10;

/** Everything that the home tab shows. */
export interface HomeContent {
  readonly overview: QueueOverview;
  readonly results: readonly FinishedJob[];
  /** Markdown. */
  readonly settings: string;
}

/** Publishes somebody's home tab: own jobs, own pictures, own settings. */
export async function publishHome(reading: Reading, services: CommandServices, ids: ButtonIds): Promise<void> {
  const { workspace, requester } = reading;
  const content = await readHome(reading, services);
  await workspace.write.views.publish({
    user_id: requester.userId,
    view: renderHome(content, { locale: requester.locale, workspace, ids }),
  });
}

async function readHome({ requester, place }: Reading, services: CommandServices): Promise<HomeContent> {
  const caller = { command: 'settings', requester, replyTo: toReplyTo(place), idempotencyKey: 'home' };
  const [overview, results, settings] = await Promise.all([
    services.jobs.overview(requester),
    services.jobs.history(requester, { limit: shownResults }),
    settingsCommand.run(caller, {}, services),
  ]);
  return { overview, results, settings: textOf(settings) };
}

function textOf(reply: Reply): string {
  return 'text' in reply ? reply.text : '';
}

/** Pure. */
export function renderHome(
  { overview, results, settings }: HomeContent,
  { locale, workspace, ids }: { readonly locale: string; readonly workspace: Workspace; readonly ids: ButtonIds },
): types.HomeView {
  const words = slackMessagesFor(locale);
  const { home: say } = words;
  const { queue } = messagesFor(locale);
  const running = overview.own
    .slice(0, shownJobs)
    .flatMap(({ job, standing }) => [
      mrkdwn(bold(truncate(job.request.prompt, 200))),
      context([toMrkdwn(queue.place(standing.place, standing.waiting, standing.secondsLeft))]),
      ...renderButtons(job, resultButtons(job), { ids, say: words }),
    ]);
  const finished = results.flatMap((job) => [
    mrkdwn(galleryLine(job, workspace, locale)),
    ...renderButtons(
      job,
      resultButtons(job).filter(({ command }) => command === 'again' || command === 'edit' || command === 'details'),
      { ids, say: words },
    ),
  ]);
  const blocks: types.KnownBlock[] = [
    header(say.title),
    mrkdwn(toMrkdwn(say.intro)),
    {
      type: 'actions',
      elements: [
        { type: 'button', action_id: homeActions.draw, text: plain(say.draw), style: 'primary' },
        { type: 'button', action_id: homeActions.refresh, text: plain(say.refresh) },
      ],
    },
    header(say.running),
    ...(running.length === 0 ? [mrkdwn(say.nothingRunning)] : running),
    header(say.history),
    ...(finished.length === 0 ? [mrkdwn(say.noHistory)] : finished),
    header(say.settings),
    mrkdwn(toMrkdwn(settings)),
  ];
  return { type: 'home', blocks: blocks.slice(0, slackLimits.blocksPerView) };
}

function header(text: string): types.HeaderBlock {
  return { type: 'header', text: plain(truncate(text, slackLimits.headerText)) };
}

function plain(text: string): types.PlainTextElement {
  return { type: 'plain_text', text };
}
