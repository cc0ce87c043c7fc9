import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('ends with 1 and a sentence when the bot does not even start', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run.ts')], {
    env: { PATH: process.env.PATH, MODEL_DIR: '/no/such/folder' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(1);
  expect(said).toMatch(/^The server ended before it was ready: .*\/no\/such\/folder/);
});
