import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/errors.ts';
import { encodePng, readPngTexts } from '../../../src/images/png.ts';
import { runImagine } from '../../../src/platforms/terminal/run-imagine.ts';
import { createInstantEngine, type InstantEngineOptions } from '../../engines/instant-engine.ts';
import { recordOutput } from './record-output.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quartet-imagine-'));
});

afterEach(() => rm(folder, { recursive: true }));

interface Given {
  readonly engine?: InstantEngineOptions;
  readonly signal?: AbortSignal;
  readonly isTTY?: boolean;
  readonly environment?: Record<string, string>;
}

async function imagine(argv: readonly string[], given: Given = {}) {
  const terminal = given.isTTY === true ? { isTTY: true, columns: 72 } : {};
  const stdout = recordOutput(terminal);
  const stderr = recordOutput(terminal);
  let opened = 0;
  const code = await runImagine({
    argv,
    openEngine: async () => {
      opened++;
      return createInstantEngine(given.engine);
    },
    stdout,
    stderr,
    environment: given.environment ?? {},
    signal: given.signal ?? new AbortController().signal,
    randomSeed: () => 4_000_000_000,
    clock: Date.now,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text(), opened };
}

const files = async (name = 'out') => (await readdir(join(folder, name))).sort();

describe('npm run imagine', () => {
  test('writes four pictures, prints their paths, and the settings beside them', async () => {
    const out = join(folder, 'out');
    const { code, stdout, stderr } = await imagine(['a red lighthouse', '--out', out, '--seed', '7', '--steps', '3']);
    expect(code).toBe(0);
    expect(await files()).toEqual(['0.png', '1.png', '2.png', '3.png']);
    expect(stdout).toBe([0, 1, 2, 3].map((index) => `${join(out, `${index}.png`)}\n`).join(''));
    expect(stderr).toContain('seed 7, 3 steps');
    const texts = readPngTexts(await readFile(join(out, '1.png')));
    expect(texts.parameters).toContain('Seed: 8');
  });

  test('writes the same bytes for the same seed, others for another', async () => {
    for (const [name, seed] of Object.entries({ a: '7', b: '7', c: '8' })) {
      await imagine(['a boat', '--out', join(folder, name), '--seed', seed]);
    }
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => readFile(join(folder, name, '3.png'))));
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  test('takes the prompt unquoted and the options of /imagine', async () => {
    const { code, stderr } = await imagine([
      'a',
      'boat',
      '--count=1',
      '--style',
      'neon',
      '--size',
      '64x64',
      '--out',
      join(folder, 'out'),
    ]);
    expect(code).toBe(0);
    expect(await files()).toEqual(['0.png']);
    expect(stderr).toContain('seed 4000000000, 4 steps, guidance 4, DDIM, 64x64, style Neon');
  });

  test('starts from a picture', async () => {
    await imagine(['a boat', '--out', join(folder, 'first'), '--count', '1']);
    const from = join(folder, 'first', '0.png');
    const { code, stderr } = await imagine([
      'a boat',
      '--image',
      from,
      '--strength',
      '0.5',
      '--out',
      join(folder, 'out'),
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain('strength 0.5');
  });

  test.each([
    { argv: ['a boat', '--steps', '900'], says: 'Expected steps to be 1-150, got 900.' },
    { argv: ['a boat', '--sede', '7'], says: 'did you mean seed?' },
    { argv: ['a boat', '--style', 'woodcutt'], says: 'Did you mean woodcut?' },
    { argv: ['a boat', '--seed'], says: 'Expected a value after --seed, got --out.' },
    { argv: ['a boat', '--seed', '1', '--seed', '2'], says: 'Expected --seed once, got it twice.' },
    { argv: [], says: 'Expected prompt to say what to draw, got an empty text.' },
    { argv: ['a boat', '--image', '/nowhere.png'], says: 'Expected --image to name a picture file, got /nowhere.png.' },
  ])('answers $argv with one plain message and exit code 2', async ({ argv, says }) => {
    const { code, stderr, stdout } = await imagine([...argv, '--out', join(folder, 'out')]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(stdout).toBe('');
    expect(await readdir(folder)).toEqual([]);
  });

  test('speaks the language of the shell', async () => {
    const out = join(folder, 'out');
    const shell = { environment: { LANG: 'ko_KR.UTF-8' } };
    const drawn = await imagine(['a boat', '--out', out, '--style', 'neon'], shell);
    expect(drawn.code).toBe(0);
    expect(drawn.stderr).toContain('4단계 중 4단계\n');
    expect(drawn.stderr).toContain('시드 4000000000, 4단계, 충실도 4, DDIM');
    expect(drawn.stderr).toContain('스타일 네온');
    expect((await imagine(['a boat', '--steps', '900'], shell)).stderr).toBe(
      '단계 옵션에는 1~150 범위의 값이 필요해요. 받은 값: 900\n',
    );
    expect((await imagine(['--help'], shell)).stdout).toContain('이 도움말');
    // LC_ALL is stronger than LANG.
    const english = { environment: { LC_ALL: 'C', LANG: 'ko_KR.UTF-8' } };
    expect((await imagine(['--help'], english)).stdout).toContain('This text');
  });

  test('refuses a text that is called a picture', async () => {
    const fake = join(folder, 'fake.png');
    await writeFile(fake, 'not a picture');
    const { code, stderr } = await imagine(['a boat', '--image', fake]);
    expect(code).toBe(2);
    expect(stderr).toContain('got a text file');
  });

  test('explains itself without starting an engine', async () => {
    const { code, stdout, opened } = await imagine(['--help']);
    expect(code).toBe(0);
    expect(opened).toBe(0);
    for (const option of ['--out', '--seed', '--steps', '--negative', '--scheduler', '--strength']) {
      expect(stdout).toContain(option);
    }
  });

  test('stops at Ctrl-C with code 130 and writes nothing', async () => {
    const interrupt = new AbortController();
    const beforeStep = async (step: number) => {
      if (step === 2) interrupt.abort(new Error('interrupted'));
    };
    const { code, stderr } = await imagine(['a boat', '--out', join(folder, 'out')], {
      engine: { beforeStep },
      signal: interrupt.signal,
    });
    expect(code).toBe(130);
    expect(stderr).toContain('Cancelled; nothing was written.');
    expect(await readdir(folder)).toEqual([]);
  });

  test('says why the engine failed, with code 1', async () => {
    const failures = [new EngineError('engine_lost', 'The engine went away.')];
    const { code, stderr } = await imagine(['a boat', '--out', join(folder, 'out')], { engine: { failures } });
    expect(code).toBe(1);
    expect(stderr).toBe('The engine went away.\n');
  });

  test('says that a folder cannot be written to before anything is drawn, with code 1', async () => {
    await writeFile(join(folder, 'out'), 'a file, not a folder');
    const { code, stderr } = await imagine(['a boat', '--out', join(folder, 'out')]);
    expect(code).toBe(1);
    expect(stderr).toBe(`Expected ${join(folder, 'out')} to be a folder, got a file.\n`);
  });

  test('shows a bar and a contact sheet on a terminal with colours, and neither in a pipe', async () => {
    const argv = ['a boat', '--out', join(folder, 'out')];
    const shown = await imagine(argv, { isTTY: true, environment: { TERM: 'xterm', COLORTERM: 'truecolor' } });
    expect(shown.stderr).toContain('▏');
    expect(shown.stdout).toContain('▀');
    const piped = await imagine(argv, { environment: { TERM: 'xterm', COLORTERM: 'truecolor' } });
    expect(piped.stderr).toContain('step 4 of 4\n');
    expect(`${piped.stdout}${piped.stderr}`).not.toMatch(/[▀▏\r]/);
  });
});

describe('pictures that go along', () => {
  const picture = async (name: string) => {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (Math.floor(at / 3) % 64 < 32 ? 255 : 0));
    const path = join(folder, name);
    await writeFile(path, await encodePng({ width: 64, height: 64, data }));
    return path;
  };

  test('are files behind their options, and stand inside what is drawn', async () => {
    const path = await picture('half.png');
    const out = join(folder, 'out');
    const line = ['a boat', '--out', out, '--size', '64x64', '--count', '1', '--image', path, '--mask', path];
    const more = ['--control', path, '--control_kind', 'depth', '--lora_strength', '1.5', '--speed', 'fast'];
    const { code, stderr } = await imagine([...line, ...more]);
    expect(stderr).toContain('painted within, control: Depth, 1, LoRA 1.5, speed fast');
    expect(code).toBe(0);
    const texts = readPngTexts(await readFile(join(out, '0.png')));
    expect(texts.parameters).toContain('Mask: painted, ControlNet: depth (1), LoRA strength: 1.5, Speed: fast');
  });

  test('are named where they are no files', async () => {
    const { code, stderr } = await imagine(['a boat', '--mask', join(folder, 'nothing.png')]);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected --mask to name a picture file');
  });

  test('are refused in a sentence by a model that cannot', async () => {
    const path = await picture('half.png');
    const given = { engine: { model: { canPaintWithin: false } } };
    const { code, stderr } = await imagine(['a boat', '--image', path, '--mask', path], given);
    expect(code).toBe(2);
    expect(stderr).toContain('instant cannot draw a part of a picture anew');
  });
});

test('pictures that the model takes for unsafe are not written, which is said', async () => {
  const out = join(folder, 'out');
  const { code, stdout, stderr } = await imagine(['a boat', '--out', out], { engine: { unsafe: [0, 0.9, 0, 1] } });
  expect(code).toBe(0);
  expect(await files()).toEqual(['0.png', '2.png']);
  expect(stdout).toBe(`${join(out, '0.png')}\n${join(out, '2.png')}\n`);
  expect(stderr).toContain('2 of the 4 pictures are withheld');
});
