import type { EngineDescription, EngineTimings, ImageEngine } from '../engines/image-engine.ts';
import { QuartetError } from '../errors.ts';
import { ownParts, type PartSources } from '../main.ts';

/** When a request passed which part of the bot, on one clock in milliseconds. */
export interface Passages {
  /** The engine was asked. */
  readonly begun: number;
  /** The engine has answered. */
  readonly drawn: number;
  /** The last of its PNGs is made. */
  readonly encoded: number;
  /** Files and row are on the disk. */
  readonly stored: number;
  /** The engine's own word. */
  readonly timings: EngineTimings;
}

/** Stands beside the bot's parts and looks at the clock. */
export interface Observer {
  /** The bot's own parts, watched. */
  readonly parts: PartSources;
  describe(): EngineDescription;
  /** The passages of the last request, which must be over. */
  passages(): Passages;
}

/** Wraps the parts; for one request at a time. */
export function createObserver(clock: () => number, openEngine: PartSources['openEngine']): Observer {
  const last: { -readonly [Name in keyof Passages]?: Passages[Name] } = {};
  let opened: ImageEngine | null = null;
  return {
    parts: {
      async openEngine(...given) {
        const engine = await openEngine(...given);
        opened = engine;
        return {
          ...engine,
          async generate(request, options) {
            last.begun = clock();
            const result = await engine.generate(request, options);
            last.drawn = clock();
            last.timings = result.timings;
            return result;
          },
        };
      },
      async openStore(options) {
        const store = await ownParts.openStore(options);
        const saveDrawn: typeof store.jobs.saveDrawn = async (...saved) => {
          const job = await store.jobs.saveDrawn(...saved);
          last.stored = clock();
          return job;
        };
        return { ...store, jobs: { ...store.jobs, saveDrawn } };
      },
      codec: {
        ...ownParts.codec,
        async encode(picture, texts) {
          const png = await ownParts.codec.encode(picture, texts);
          last.encoded = clock();
          return png;
        },
      },
    },
    describe() {
      if (opened === null) throw new QuartetError('bench_failed', 'Expected an engine, got none yet.');
      return opened.describe();
    },
    passages() {
      const { begun, drawn, encoded, stored, timings } = last;
      const isWhole = begun !== undefined && drawn !== undefined && encoded !== undefined && stored !== undefined;
      if (!isWhole || timings === undefined) {
        throw new QuartetError('bench_failed', 'Expected a request that passed every part, got one that did not.');
      }
      return { begun, drawn, encoded, stored, timings };
    },
  };
}
