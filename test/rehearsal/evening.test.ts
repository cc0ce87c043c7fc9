import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { playEvening } from './evening.ts';
import { createNarrator } from './narrator.ts';
import { writePage } from './page/page.ts';
import { openStage, type Stage } from './stage.ts';

let folder: string;
let stage: Stage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-page-'));
  stage = await openStage();
});
afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

test('an evening on both platforms: everything asked for is answered exactly once, and can be looked at', {
  timeout: 600_000,
}, async () => {
  const narrator = createNarrator(stage.now, () => {});
  const evening = await playEvening(stage, narrator, { steps: 4 });
  expect(evening.asked).toBe(13);
  expect(narrator.lines.filter(({ kind }) => kind === 'trouble')).toHaveLength(7);

  const html = await readFile(await writePage(folder, stage, evening, narrator.lines), 'utf8');
  const sources = [...html.matchAll(/<img src="([^"]+)"/g)].map(([, source = '']) => source);
  // Eleven times four, and one enlargement; the cancelled one shows nothing.
  expect(sources).toHaveLength(45);
  expect(sources.filter((source) => !existsSync(join(folder, source)))).toEqual([]);
  expect(html).toContain('only Minjun sees this');
  expect(html).toContain('only Jonas sees this');
});
