import { compress } from '../images/png.ts';
import { measureAcknowledgements } from './arrivals.ts';
import { type BenchTools, startBenchBot } from './bench-bot.ts';
import { createNoiseEngine } from './noise-engine.ts';
import { createObserver } from './observer.ts';
import { ownPartOf, timeRequest } from './one-request.ts';
import { openPage } from './page-visitor.ts';
import { median } from './table.ts';

export interface AloneOptions extends BenchTools {
  /** How many requests the own part is the median of. */
  readonly requests: number;
  /** How many people ask at once. */
  readonly people: number;
  /** How many pictures the throughput is measured over. */
  readonly pictures: number;
}

/** The bot's own numbers, in milliseconds and pictures a second. */
export interface AloneNumbers {
  readonly ownPartMs: number;
  readonly acknowledgedMs: readonly number[];
  readonly botRate: number;
  readonly sharpRate: number;
}

const picturesPerRequest = 4;

/** Measures the bot with an engine that answers at once. */
export async function measureAlone(options: AloneOptions): Promise<AloneNumbers> {
  const { clock } = options;
  const engine = createNoiseEngine(options.random);
  const observer = createObserver(clock, async () => engine);
  const bot = await startBenchBot(options, {}, observer.parts);
  const page = await openPage(bot.url);
  const line = `/imagine noise count:${picturesPerRequest}`;
  const count = Math.ceil(options.pictures / picturesPerRequest);
  try {
    await timeRequest(page, line, observer, clock);
    const own: number[] = [];
    for (let index = 0; index < options.requests; index += 1) {
      own.push(ownPartOf(await timeRequest(page, line, observer, clock)));
    }

    const encode = (index: number) => compress(engine.pictureOf(index));
    const sharpMs = await timed(clock, () => together(count * picturesPerRequest, encode));
    const botMs = await timed(clock, () => together(count, async () => page.delivered(await page.ask(line))));

    const acknowledgedMs = await measureAcknowledgements(bot.url, options.people);
    const rate = (ms: number) => (count * picturesPerRequest * 1_000) / ms;
    return { ownPartMs: median(own), acknowledgedMs, botRate: rate(botMs), sharpRate: rate(sharpMs) };
  } finally {
    await page.close();
    await bot.stop();
  }
}

async function timed(clock: () => number, work: () => Promise<unknown>): Promise<number> {
  const begun = clock();
  await work();
  return clock() - begun;
}

function together(count: number, work: (index: number) => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}
