import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A pipeline folder of a few kilobytes with random weights; see `make_tiny_pipeline.py`. */
export const tinyPipelineDir = fileURLToPath(new URL('./tiny-pipeline', import.meta.url));

/** Runs `use` with a copy that may be damaged. */
export async function withCopyOfTinyPipeline(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'quartet-pipeline-'));
  try {
    await cp(tinyPipelineDir, dir, { recursive: true });
    await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
