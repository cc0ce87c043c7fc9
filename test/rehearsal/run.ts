import { parseArgs } from 'node:util';
import { playEvening } from './evening.ts';
import { createNarrator } from './narrator.ts';
import { writePage } from './page/page.ts';
import { acceptedJobs } from './roll-call.ts';
import { openStage } from './stage.ts';
import { takeScreenshot } from './take-screenshot.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'out/rehearsal' }, screenshot: { type: 'string' } },
});

const { MODEL_DIR: modelDir } = process.env;
const stage = await openStage(modelDir === undefined ? {} : { modelDir });
const narrator = createNarrator(stage.now, (line) => console.log(line));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stage.close().then(() => process.exit(130)));
}
try {
  const evening = await playEvening(stage, narrator);
  const page = await writePage(values.out, stage, evening, narrator.lines);
  console.log(`\nWhat the channels look like now: ${page}`);
  if (values.screenshot !== undefined) await takeScreenshot(page, values.screenshot);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  const log = await stage.endBot('SIGKILL');
  if (log !== '') console.error(`\nThe bot’s log ended with:\n${log.split('\n').slice(-20).join('\n')}`);
  for (const { platform, id, state } of await acceptedJobs(stage.dataDir)) console.error(`${platform} ${id}: ${state}`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
