import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { QuartetError } from '../errors.ts';
import { type AloneNumbers, measureAlone } from './alone.ts';
import { benchHelp, readBenchArguments } from './arguments.ts';
import { measureBehindTriton } from './behind-triton.ts';
import type { BenchTools } from './bench-bot.ts';
import { type FirstStart, measureFirstStart } from './first-start.ts';
import { inMs, inPercent, inSeconds, percentile, renderTable } from './table.ts';

export interface RunBenchOptions extends Omit<BenchTools, 'folder'> {
  /** What stands behind `bench` on the shell's line. */
  readonly argv: readonly string[];
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  /** What it is doing at the moment. */
  readonly tell: (line: string) => void;
}

/** `bench`: measures, prints tables in Markdown, resolves to the exit code. */
export async function runBench(options: RunBenchOptions): Promise<number> {
  const { argv, config, environment, signal, write, tell } = options;
  const asked = readBenchArguments(argv);
  if (asked === null) {
    write(benchHelp);
    return 0;
  }
  const folder = await mkdtemp(join(tmpdir(), 'quartet-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  signal.addEventListener('abort', removeFolder);
  const tools = { ...options, ...asked, folder };
  try {
    write(`${availableParallelism()} cores, Node ${process.versions.node}.\n\n`);
    write(`${await measureBehindTriton(tools).catch(whyNot)}\n`);
    tell('the bot alone');
    const alone = await measureAlone(tools);
    tell('a first start with the embedded engine');
    const first = await measureFirstStart({ ...tools, modelDir: config.MODEL_DIR, environment });
    write(renderNumbers(alone, first, asked.people));
    return 0;
  } finally {
    removeFolder();
  }
}

/** The rest can be measured without a Triton. */
function whyNot(error: unknown): string {
  if (!(error instanceof QuartetError) || error.code !== 'triton_not_started') throw error;
  return `Nothing measured behind Triton. ${error.message}\n`;
}

function renderNumbers(alone: AloneNumbers, { readyMs, drawnMs }: FirstStart, people: number): string {
  const { ownPartMs, acknowledgedMs, botRate, sharpRate } = alone;
  return renderTable([
    ['what', 'mark', 'measured'],
    ['the bot’s own part: event to posted pictures, without the engine, median', 'at most 150 ms', inMs(ownPartMs)],
    [
      `acknowledgement while ${people} jobs arrive at once, 99th percentile`,
      'under 1 s',
      inMs(percentile(acknowledgedMs, 0.99)),
    ],
    [`acknowledgement while ${people} jobs arrive at once, longest`, 'under 3 s', inMs(Math.max(...acknowledgedMs))],
    [
      'pictures a second with an engine that answers at once, of what sharp alone encodes',
      'at least 70 %',
      `${inPercent(botRate / sharpRate)} (${botRate.toFixed(0)} of ${sharpRate.toFixed(0)})`,
    ],
    ['first start to ready, embedded engine', 'under 10 s', inSeconds(readyMs)],
    ['four pictures of the embedded engine, asked until posted', 'under 15 s', inSeconds(drawnMs)],
  ]);
}
