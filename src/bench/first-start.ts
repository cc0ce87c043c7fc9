import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { QuartetError } from '../errors.ts';
import type { BenchTools } from './bench-bot.ts';
import { openPage } from './page-visitor.ts';

const program = join(import.meta.dirname, '../cli.ts');

export interface FirstStartOptions extends BenchTools {
  readonly modelDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds of the program as a newcomer has it: no Triton, nothing on the disk. */
export interface FirstStart {
  /** From the command to the line that says it is ready. */
  readonly readyMs: number;
  /** The first four pictures, from the line that asks for them. */
  readonly drawnMs: number;
}

/** Starts `serve` in a process of its own, on an empty folder, and asks it for pictures once. */
export async function measureFirstStart(options: FirstStartOptions): Promise<FirstStart> {
  const { clock, folder, signal, modelDir, environment } = options;
  const begun = clock();
  const child = spawn(process.execPath, [program, 'serve'], {
    // Only what is set here: the settings of whoever measures are not the newcomer's. An empty value wins over `.env`.
    env: {
      ...environment,
      TRITON_URLS: '',
      DATABASE_URL: '',
      PLAYGROUND: 'true',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      LOG_LEVEL: 'warn',
      MODEL_DIR: modelDir,
      DATA_DIR: await mkdtemp(join(folder, 'first-')),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const closed = once(child, 'close');
  try {
    const url = await Promise.race([readyUrl(child.stdout), closed.then(() => null)]);
    if (url === null) throw new QuartetError('bench_failed', 'Expected `serve` to start, but it ended.');
    const readyMs = clock() - begun;
    const page = await openPage(url);
    const asked = clock();
    await page.fetchPictures(await page.delivered(await page.ask('/imagine a red lighthouse at dusk seed:7')));
    const drawnMs = clock() - asked;
    await page.close();
    return { readyMs, drawnMs };
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string | null> {
  for await (const line of createInterface({ input: stdout })) {
    const url = /http:\/\/\S+$/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  return null;
}
