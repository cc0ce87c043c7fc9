import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = 'pictures';

/** The pictures that a page shows, each kept once. */
export interface PictureFiles {
  /** Gives where the page finds it. */
  add(name: string, bytes: Uint8Array): string;
  readonly count: number;
  /** Write them beside the page. */
  writeTo(directory: string): Promise<void>;
}

export function createPictureFiles(): PictureFiles {
  const files = new Map<string, Uint8Array>();
  return {
    add(name, bytes) {
      const [extension = 'png'] = /[^.]+$/.exec(name) ?? [];
      const path = `${folder}/${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.${extension}`;
      files.set(path, bytes);
      return path;
    },
    get count() {
      return files.size;
    },
    async writeTo(directory) {
      await mkdir(join(directory, folder), { recursive: true });
      for (const [path, bytes] of files) await writeFile(join(directory, path), bytes);
    },
  };
}
