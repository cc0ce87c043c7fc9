import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ModelDescription } from '../image-engine.ts';
import { describedModels } from './model-description.ts';

const remembered = z.object({ tritonModel: z.string(), models: describedModels });

/** The models that a server offered last time; null where that was never written down, or is of another model. */
export async function recallModels(file: string, tritonModel: string): Promise<readonly ModelDescription[] | null> {
  try {
    const parsed = remembered.parse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.tritonModel === tritonModel ? parsed.models : null;
  } catch {
    // Gone, damaged or of an older version: it is made anew as soon as a server is there.
    return null;
  }
}

/** Writes them down for a start while no server is ready; a reader never sees half of it. */
export async function rememberModels(
  file: string,
  tritonModel: string,
  models: readonly ModelDescription[],
): Promise<void> {
  const unfinished = `${file}.new`;
  await writeFile(unfinished, JSON.stringify({ tritonModel, models }));
  await rename(unfinished, file);
}
