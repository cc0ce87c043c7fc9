import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { ownParts } from '../main.ts';
import { type BenchTools, startBenchBot } from './bench-bot.ts';
import { renderBreakdown, type TritonRequestTimes } from './breakdown.ts';
import { startLocalTriton } from './local-triton.ts';
import { createObserver } from './observer.ts';
import { timeRequest } from './one-request.ts';
import { openPage } from './page-visitor.ts';
import { openStatistics } from './triton-statistics.ts';

export interface BehindTritonOptions extends BenchTools {
  readonly config: Config;
  /** How many requests are measured, after one that is not. */
  readonly requests: number;
  /** Null: as many as the model takes by default. */
  readonly steps: number | null;
  readonly tell: (line: string) => void;
}

/** Where the time of one request goes: the bot before a real Triton, one request after another. */
export async function measureBehindTriton(options: BehindTritonOptions): Promise<string> {
  const { config, signal, tell } = options;
  if (config.TRITON_URLS !== null) return measure(options, config);
  const triton = await startLocalTriton({ pipelines: [resolve(config.MODEL_DIR)], signal, onLine: tell });
  try {
    return await measure(options, { ...config, TRITON_URLS: [triton.url] });
  } finally {
    await triton.stop();
  }
}

async function measure(options: BehindTritonOptions, config: Config): Promise<string> {
  const { clock, tell } = options;
  const observer = createObserver(clock, ownParts.openEngine);
  const statistics = await openStatistics(config, options);
  const bot = await startBenchBot(options, tritonSettings(config), observer.parts);
  const page = await openPage(bot.url);
  try {
    const [model] = observer.describe().models;
    const steps = options.steps ?? model?.defaultSteps ?? 1;
    const line = `/imagine a red lighthouse at dusk count:4 seed:7 steps:${steps}`;
    tell('warming up behind Triton');
    await timeRequest(page, line, observer, clock);
    const measured: TritonRequestTimes[] = [];
    for (let index = 1; index <= options.requests; index += 1) {
      tell(`request ${index} of ${options.requests} behind Triton`);
      const roundTripMs = await statistics.roundTripMs();
      const before = await statistics.read();
      const times = await timeRequest(page, line, observer, clock);
      measured.push({ ...times, roundTripMs, inTritonMs: await statistics.requestMsSince(before) });
    }
    const size = `${model?.defaultSize.width}x${model?.defaultSize.height}`;
    const title = `One request of four ${size} pictures behind Triton: ${model?.id}, ${steps} steps, median of ${options.requests}.`;
    return `${title}\n\n${renderBreakdown(measured)}`;
  } finally {
    await page.close();
    await bot.stop();
    statistics.close();
  }
}

function tritonSettings(config: Config): Partial<Config> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => name.startsWith('TRITON_')));
}
