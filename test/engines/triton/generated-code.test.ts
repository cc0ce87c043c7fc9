import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');

it('npm run generate gives the committed code', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-generate-'));
  try {
    const bin = join(root, 'node_modules/.bin');
    await promisify(execFile)(join(bin, 'buf'), ['generate', '--output', folder], {
      cwd: join(root, 'proto'),
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    });
    const [generated, committed] = await Promise.all(
      [folder, join(root, 'proto')].map((place) => readFile(join(place, 'gen/inference_pb.ts'), 'utf8')),
    );
    expect(generated).toBe(committed);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);
