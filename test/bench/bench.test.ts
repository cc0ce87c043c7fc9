import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tinyPipelineDir } from '../engines/onnx/tiny-pipeline.ts';
import { runQuartet } from '../program/server-process.ts';
import { whyNoTriton } from '../servers/real-triton.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tiny = ['--requests', '1', '--steps', '1', '--people', '20', '--pictures', '8'];

/** The first cells of all rows below the headings, and the cells that were measured. */
function cellsOf(markdown: string): string[][] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| ') && !line.endsWith('| share |'));
  return rows.map((row) => row.slice(2, -2).split(' | '));
}

describe('bench', () => {
  test.skipIf(whyNoTriton !== null)(
    'measures one request behind a real Triton and the bot’s own numbers, and leaves nothing behind',
    async () => {
      const environment = { MODEL_DIR: tinyPipelineDir, TMPDIR: folder };
      const { code, stdout, stderr } = await runQuartet(['bench', ...tiny], environment);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('One request of four 64x64 pictures behind Triton: tiny-test-pipeline, 1 steps');
      const cells = cellsOf(stdout);
      const parts = cells.slice(0, 13);
      expect(parts.map(([name]) => name?.split(':')[0])).toEqual([
        'queue',
        'transfer in',
        'Triton',
        'drawing',
        'drawing',
        'drawing',
        'transfer out',
        'PNG encoding',
        'storing',
        'post',
        '**whole**',
        '**the bot’s own part**',
        '**Triton’s part**',
      ]);
      for (const [, time, share] of parts) expect([time, share].join(' ')).toMatch(/^[\d.]+ ms [\d.]+ %$/);
      // Of a single request, the parts are all there is.
      const ms = parts.map(([, time]) => Number.parseFloat(time ?? ''));
      const sum = ms.slice(0, 10).reduce((total, part) => total + part, 0);
      expect(Math.abs(sum - (ms[10] ?? 0))).toBeLessThan(10);
      expect(cells.slice(14).map(([, , measured]) => measured)).toEqual([
        expect.stringMatching(/^[\d.]+ ms$/),
        expect.stringMatching(/^[\d.]+ ms$/),
        expect.stringMatching(/^[\d.]+ ms$/),
        expect.stringMatching(/^\d+ % \(\d+ of \d+\)$/),
        expect.stringMatching(/^[\d.]+ s$/),
        expect.stringMatching(/^[\d.]+ s$/),
      ]);
      expect((await readdir(folder)).filter((name) => name.startsWith('quartet-'))).toEqual([]);
    },
    240_000,
  );

  test('says what an option takes', async () => {
    expect((await runQuartet(['bench', '--help'], {})).stdout).toContain('--requests N');
    const { code, stderr } = await runQuartet(['bench', '--people', 'all'], {});
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'Expected `--people` to be a whole number from 1 to 10000, got all.\n',
    });
  });
});
