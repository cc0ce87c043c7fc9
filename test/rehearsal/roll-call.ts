import { pino } from 'pino';
import { z } from 'zod';
import { rows } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { strayPictures } from './shown-jobs.ts';
import type { Stage } from './stage.ts';
import { discordVenue, slackVenue } from './venue.ts';

const acceptedRow = z.object({ id: z.string(), platform: z.enum(['discord', 'slack']), state: z.string() });

/** Every job in the bot's books; nobody else may have them open. */
export async function acceptedJobs(dataDir: string) {
  const database = await openDatabase({ dataDir, logger: pino({ level: 'silent' }) });
  try {
    return await rows(database, acceptedRow, 'select id, platform, state from jobs order by position');
  } finally {
    await database.close();
  }
}

/** What is wrong with the answers that stand in the channels now, one sentence each; none = all is well. */
export function complaintsAbout(stage: Stage, accepted: Awaited<ReturnType<typeof acceptedJobs>>, asked: number) {
  const shown = [...discordVenue(stage).jobs(), ...slackVenue(stage).jobs()];
  const complaints: string[] = [];
  if (accepted.length !== asked) complaints.push(`Expected ${asked} jobs in the database, got ${accepted.length}.`);
  for (const { id, platform, state } of accepted) {
    const answers = shown.filter(({ job }) => job === id);
    if (answers.length !== 1)
      complaints.push(`Expected job ${id} to be answered once on ${platform}, got ${answers.length}.`);
    const isUnfinished = answers.some((answer) => answer.state === 'waiting' || answer.state === 'drawing');
    if (isUnfinished) complaints.push(`Expected job ${id} to be answered on ${platform}, it still looks unfinished.`);
    if (state !== 'delivered' && state !== 'cancelled')
      complaints.push(`Expected job ${id} to have ended, got ${state}.`);
  }
  const strays = strayPictures(stage.slack).length;
  if (strays > 0) complaints.push(`Expected buttons under all pictures on Slack, got ${strays} messages without.`);
  return complaints;
}
