import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPngTexts } from '../../src/images/png.ts';
import { runQuartet } from './server-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function drawn(out: string): Promise<Buffer[]> {
  const names = (await readdir(out)).sort();
  expect(names).toEqual(['0.png', '1.png', '2.png', '3.png']);
  return Promise.all(names.map((name) => readFile(join(out, name))));
}

describe('imagine', () => {
  test('writes four different 512x512 pictures, and the same bytes on a second run', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    for (const out of [first, second]) {
      const line = ['imagine', 'a red lighthouse at dusk', '--out', out, '--seed', '7', '--steps', '2'];
      const { code, stdout } = await runQuartet(line, {});
      expect(code).toBe(0);
      expect(stdout.trim().split('\n')).toEqual([0, 1, 2, 3].map((index) => join(out, `${index}.png`)));
    }
    const pictures = await drawn(first);
    expect(await drawn(second)).toEqual(pictures);
    expect(new Set(pictures.map((bytes) => bytes.toString('base64'))).size).toBe(4);
    for (const [index, bytes] of pictures.entries()) {
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 512, height: 512 });
      const { parameters } = readPngTexts(bytes);
      expect(parameters).toContain('a red lighthouse at dusk');
      expect(parameters).toContain(`Seed: ${7 + index}`);
    }
  });

  test('writes the pictures also when nobody reads their names any more', async () => {
    const out = join(folder, 'out');
    const line = ['imagine', 'a boat', '--out', out, '--steps', '1'];
    const { code, stderr } = await runQuartet(line, {}, { isUnread: true });
    expect(code).toBe(0);
    expect(stderr).not.toContain('EPIPE');
    await drawn(out);
  });

  test('starts from a picture', async () => {
    const image = join(folder, 'start.jpg');
    await sharp({ create: { width: 900, height: 600, channels: 3, background: '#2266aa' } })
      .jpeg()
      .toFile(image);
    const out = join(folder, 'out');
    const line = ['imagine', 'a white boat', '--image', image, '--strength', '0.5', '--steps', '4', '--out', out];
    expect((await runQuartet(line, {})).code).toBe(0);
    await drawn(out);
  });

  test.each([
    ['no prompt', ['imagine']],
    ['a prompt of 10,000 characters', ['imagine', 'boat '.repeat(2_000)]],
    ['steps out of range', ['imagine', 'a boat', '--steps', '900']],
    ['steps of zero', ['imagine', 'a boat', '--steps', '0']],
    ['a seed out of range', ['imagine', 'a boat', '--seed', '4294967296']],
    ['an unknown option', ['imagine', 'a boat', '--stepps', '9']],
  ])('%s is exit code 2 and writes nothing', async (_, line) => {
    const out = join(folder, 'out');
    const { code, stdout, stderr } = await runQuartet([...line, '--out', out], {});
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim()).not.toBe('');
    await expect(readdir(out)).rejects.toThrow();
  });

  test('a text file named .png is refused in one sentence', async () => {
    const image = join(folder, 'note.png');
    await writeFile(image, 'not a picture');
    const { code, stderr } = await runQuartet(
      ['imagine', 'a boat', '--image', image, '--out', join(folder, 'out')],
      {},
    );
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a damaged model folder is one sentence and exit code 1', async () => {
    const model = join(folder, 'model');
    await mkdir(model);
    await writeFile(join(model, 'pipeline.json'), '{');
    const { code, stderr } = await runQuartet(['imagine', 'a boat', '--out', folder], { MODEL_DIR: model });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
