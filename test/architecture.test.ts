import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Which of our own places each room may import from; a room may always import from itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/make-folder.ts': ['src/errors.ts'],
  'src/config.ts': ['src/errors.ts'],
  'src/jobs/': ['src/errors.ts', 'src/engines/image-engine.ts', 'src/platforms/chat-platform.ts'],
  'src/engines/image-engine.ts': [],
  'src/engines/unknown-words.ts': [],
  'src/engines/': ['src/errors.ts', 'src/engines/image-engine.ts', 'src/engines/unknown-words.ts', 'proto/gen/'],
  'src/images/': ['src/errors.ts', 'src/engines/image-engine.ts'],
  'src/messages/': ['src/jobs/'],
  'src/platforms/chat-platform.ts': ['src/jobs/', 'src/engines/image-engine.ts'],
  'src/platforms/web/': inward('src/images/'),
  'src/platforms/terminal/': inward('src/images/', 'src/make-folder.ts'),
  'src/platforms/discord/': chatting(),
  'src/platforms/slack/': chatting(),
  'src/platforms/attached-pictures.ts': ['commands/', 'src/engines/image-engine.ts'],
  'src/platforms/button-id.ts': ['src/jobs/job.ts'],
  'src/platforms/button-secret.ts': ['src/errors.ts'],
  'src/platforms/edit-budget.ts': ['src/errors.ts'],
  'src/doctor/': ['src/errors.ts', 'src/store/', 'src/engines/image-engine.ts'],
  'src/store/': ['src/errors.ts', 'src/make-folder.ts', 'src/jobs/', 'src/engines/image-engine.ts'],
  'src/telemetry/': [],
  'commands/': [
    'src/errors.ts',
    'src/jobs/',
    'src/messages/',
    'src/engines/image-engine.ts',
    'src/engines/unknown-words.ts',
  ],
  'src/bench/': ['src/', 'proto/gen/'],
  'src/main.ts': ['src/', 'commands/'],
  'src/cli.ts': ['src/', 'commands/'],
};

function inward(...more: string[]): string[] {
  return [
    'commands/',
    'src/errors.ts',
    'src/jobs/',
    'src/messages/',
    'src/engines/image-engine.ts',
    'src/platforms/chat-platform.ts',
    ...more,
  ];
}

/** What the adapters of chats share. */
function chatting(): string[] {
  const shared = ['attached-pictures', 'button-id', 'edit-budget'].map((name) => `src/platforms/${name}.ts`);
  return inward('src/images/', 'src/config.ts', 'src/doctor/finding.ts', ...shared);
}

function roomOf(file: string): string | undefined {
  return Object.keys(mayImport)
    .filter((room) => file === room || (room.endsWith('/') && file.startsWith(room)))
    .sort((left, right) => right.length - left.length)[0];
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) =>
    posix.normalize(posix.join(dirname(file), match[1] as string)),
  );
}

const sources = globSync(['src/**/*.ts', 'commands/**/*.ts'], { cwd: root }).map((file) =>
  relative('.', file).replaceAll('\\', '/'),
);

test('imports point inwards: the core knows no platform, no engine and no database', () => {
  const offences = sources.flatMap((file) => {
    const room = roomOf(file);
    if (room === undefined) return [`${file} stands in no known room`];
    const allowed = mayImport[room] as readonly string[];
    return importsOf(file)
      .filter((target) => roomOf(target) !== room)
      .filter(
        (target) => !allowed.some((place) => target === place || (place.endsWith('/') && target.startsWith(place))),
      )
      .map((target) => `${file} imports ${target}`);
  });
  expect(offences).toEqual([]);
});

test('only the edge of the program reads the process, the clock and chance', () => {
  const edge = /^src\/(main|cli|config|telemetry\/.*|engines\/onnx\/draw-main)\.ts$/;
  const offences = sources
    .filter((file) => !edge.test(file))
    .filter((file) =>
      /\bprocess\.(env|argv|exit|on|std\w+)|\bconsole\.|\bDate\.now\(|\bMath\.random\(/.test(code(file)),
    );
  expect(offences).toEqual([]);
});

/** A file without its comments. */
function code(file: string): string {
  return readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

test('no source file passes 400 lines', () => {
  expect(sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 400)).toEqual([]);
});
